"""Every setting in one place; each can also be given as ``YIGONG_<NAME>`` in the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_Reaching = Literal["medications", "observations", "reports", "conditions", "procedures", "allergies"]


class SmartIssuer(BaseModel):
    """A hospital system that may launch the clinician panel (SMART App Launch): how we are registered there, and
    ``system``, the client of ours (``yigong clients add``) whose institution and rights its launches have. Without
    ``client_secret`` and ``key_file`` (PEM) we prove ourselves by PKCE alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str
    system: str
    client_secret: str = ""
    key_file: Path | None = None


class Settings(BaseSettings):
    """What an installation may change. Defaults serve a laptop: SQLite, one worker, no login."""

    model_config = SettingsConfigDict(env_prefix="YIGONG_", extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="number of worker processes; a busy one keeps a small second process that stores its journal",
    )
    data_dir: Path = Field(Path("data"), description="folder for database, releases, keys and policies")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder")
    public_url: str = Field("", description="base URL clients call us under; checked as JWT audience")
    league: str = Field("league", description="tenant path of the whole league, above all institutions")
    cors_origins: list[str] = Field(["*"], description="origins that browsers may call us from")
    frame_ancestors: list[str] = Field(
        [], description="origins whose pages may show the clinician panel in a frame (https://his.example.org)"
    )
    panel_minutes: int = Field(
        60, ge=1, le=720, description="how long a launched clinician panel may stay open before it is launched again"
    )
    max_body_bytes: int = Field(4_000_000, ge=10_000, description="largest request body taken")
    rate_limit: str = Field(
        "5000/second", description="calls that one address may make of a worker (60000/minute); empty: no limit"
    )
    client_rate_limit: str = Field(
        "1000/second",
        description="calls that one client, account or key may make of a worker, from wherever; empty: no limit",
    )
    require_client_auth: bool = Field(False, description="refuse CDS Hooks calls without a trusted JWT")
    jku_allow: list[str] = Field([], description="JWKS URLs whose keys are trusted")
    fhir_budget_ms: int = Field(800, ge=0, description="time for our own FHIR queries in one call; 0: none")
    fhir_wait_seconds: float = Field(
        10.0, gt=0, le=120, description="how long a FHIR client waits to hear that what it sent was stored"
    )
    fhir_allow_hosts: list[str] = Field([], description="hosts we may query for missing prefetch; empty: any https")
    region_budget_ms: int = Field(
        30, ge=0, description="time for what other institutions know of a patient in one call; 0: not asked"
    )
    region_months: dict[_Reaching, Annotated[int, Field(ge=0)]] = Field(
        {},
        description="months that lists of a patient reach back in other institutions, where not as documented "
        '({"reports": 6}); 0: as far as there is anything',
    )
    indicator_minutes: int = Field(
        5, ge=0, le=1440, description="minutes between looks for what indicators are to count anew; 0: never"
    )
    indicator_days: int = Field(
        400, ge=1, le=4000, description="days back for which figures may be asked for as they stood at a day's end"
    )
    note_days: int = Field(
        400,
        ge=0,
        le=4000,
        description="days that questions asked in vain, uses of inference and jobs that are over are kept; "
        "0: for ever",
    )
    survey_hour: int = Field(
        2, ge=-1, le=23, description="hour (Chinese time) from which data quality is surveyed every day; -1: never"
    )
    similar_cases: int = Field(
        20_000, ge=0, description="records, the newest, that a worker keeps in memory to find similar cases; 0: none"
    )
    trusted_keys: list[str] = Field([], description="SM2 public keys of release signers beside our own")
    master_key_file: Path | None = Field(
        None, description="file of the SM4 key that wraps all data keys; empty: keys/master.key in the data folder"
    )
    postgres_programs: str = Field("", description="folder of PostgreSQL's pg_basebackup; empty: from the path")
    embedder: str = Field(
        "",
        description="what makes vectors for search: a sentence-transformers model's folder, or the URL of an "
        "OpenAI-compatible API (https://host/v1); empty: trained on the release itself",
    )
    embedder_model: str = Field("", description="name of the model asked of that API")
    embedder_key: str = Field("", description="its key")
    llm_url: str = Field(
        "",
        description="OpenAI-compatible API of a language model that writes answers (http://127.0.0.1:11434/v1); "
        "empty: answers are the release's own sentences",
    )
    llm_model: str = Field("", description="name of the model asked of that API")
    llm_key: str = Field("", description="its key")
    llm_seconds: float = Field(60.0, gt=0, le=600, description="how long one answer of the model may take")
    llm_tokens: int = Field(1500, ge=100, le=32_000, description="longest answer of the model, in tokens")
    llm_calls: int = Field(8, ge=1, le=256, description="answers that a worker asks of the model at a time")
    swap_seconds: float = Field(
        1.0, gt=0, le=5, description="how often a worker looks for newer releases and CDS clients"
    )
    large_pages_seconds: float = Field(
        30.0, ge=0, description="how often a worker moves its memory into large pages (Linux 6.1 and later); 0: never"
    )
    api_keys: list[str] = Field(
        [], description="bearer keys for operators and curators; empty: open on loopback only"
    )
    password_length: int = Field(10, ge=8, le=64, description="least length of a password")
    password_days: int = Field(90, ge=0, description="days after which a password must be changed; 0: never")
    password_history: int = Field(5, ge=0, le=24, description="earlier passwords that may not come back")
    password_iterations: int = Field(
        300_000, ge=1_000, description="work of one password hash (PBKDF2-HMAC-SM3); 100 000 take about 0.1 s"
    )
    login_failures: int = Field(5, ge=1, description="wrong logins of an account before it has to wait")
    login_source_failures: int = Field(30, ge=1, description="wrong logins from one address before it has to wait")
    session_idle_minutes: int = Field(30, ge=1, description="a login ends after so long without use")
    session_hours: int = Field(12, ge=1, description="a login ends after so long in any case")
    session_most: int = Field(3, ge=1, description="logins of one account at a time; the oldest ends")
    proof_minutes: int = Field(10, ge=1, description="how recent the proof of identity must be for dangerous acts")
    second_factor_roles: list[str] = Field(
        ["system-admin", "security-admin", "auditor"],
        description="roles that may do nothing without a second factor",
    )
    break_glass_minutes: int = Field(30, ge=1, le=240, description="how long a broken glass stays open")
    token_minutes: int = Field(30, ge=1, le=720, description="how long a client's access token works")
    oidc_issuer: str = Field("", description="identity provider that may log people in (OpenID Connect); empty: none")
    oidc_title: str = Field("统一身份认证", description="what people call the identity provider")
    oidc_client_id: str = Field("", description="our name with the identity provider")
    oidc_client_secret: str = Field("", description="our secret with the identity provider; empty: PKCE alone")
    oidc_scopes: str = Field("openid profile", description="scopes asked of the identity provider")
    oidc_name_claim: str = Field("preferred_username", description="claim that becomes the account's name")
    oidc_roles_claim: str = Field("roles", description="claim that lists somebody's roles with the provider")
    oidc_tenant_claim: str = Field("tenant", description="claim with somebody's tenant path")
    oidc_roles: dict[str, str] = Field({}, description="which of our roles a role of the provider stands for")
    smart_issuers: dict[str, SmartIssuer] = Field(
        {},
        description="hospital systems that may launch the clinician panel (SMART App Launch), by FHIR base URL: "
        '{"https://his.example.org/fhir": {"client_id": "yigong", "client_secret": "…", "system": "his-county"}}; '
        "`key_file` (PEM) instead of `client_secret`: we sign",
    )
    smart_seconds: float = Field(
        10.0, gt=0, le=60, description="time for what we read of a patient when a hospital system launches the panel"
    )
    tls_cert_file: Path | None = Field(None, description="certificate chain (PEM); with it we speak HTTPS ourselves")
    tls_key_file: Path | None = Field(None, description="private key (PEM) of the certificate")
    tls_client_ca_file: Path | None = Field(
        None, description="authority (PEM) whose certificates identify clients (mutual TLS); empty: none is asked for"
    )
    exchange_workers: int = Field(
        1,
        ge=0,
        le=64,
        description="processes that store messages beside `yigong serve`; 0: run `yigong exchange work`",
    )
    risk_watch: bool = Field(True, description="look at a patient's risks again when a result of theirs arrives")
    exchange_backlog: int = Field(
        1_000_000, ge=1, description="messages that may wait to be stored before senders are told to wait"
    )
    broker_url: str = Field("", description="NATS servers by commas (nats://a:4222,nats://b:4222); empty: no broker")
    broker_credentials: Path | None = Field(None, description="NATS credentials file; empty: as the URL says")
    broker_replicas: int = Field(
        1, ge=1, le=5, description="copies of each message on the broker's servers: 3 for three"
    )
    webhook_hosts: list[str] = Field(
        [], description="hosts that may be told of changes in the review queue and of what they subscribe to"
    )
    webhook_secret: str = Field("", description="key of the HMAC-SHA256 in X-Yigong-Signature of such messages")
    smtp_host: str = Field("", description="mail server that alarms go out by; empty: none")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_user: str = Field("", description="our name with the mail server; empty: no login")
    smtp_password: str = Field("", description="our password with the mail server")
    smtp_from: str = Field("", description="sender of alarms; empty: as the user")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the mail server is spoken to: starttls, tls from the first byte, or none"
    )
    smtp_ca_file: Path | None = Field(
        None, description="authority (PEM) of the mail server's certificate; empty: those that the machine trusts"
    )
    sms_url: str = Field("", description="gateway that sends short messages (HTTP POST); empty: none")
    sms_body: dict[str, Any] = Field(
        {}, description='what it takes, with {phone} and {text} in values: {"mobile": "{phone}", "content": "{text}"}'
    )
    sms_headers: dict[str, str] = Field({}, description="headers of such a call, its key for example")
    sms_form: bool = Field(False, description="send it as a form instead of JSON")
    report_keep_days: int = Field(
        730,
        ge=0,
        le=3650,
        description="days that files of scheduled reports are kept, where their plan says nothing else; 0: for ever",
    )
    traces_url: str = Field(
        "",
        description="OpenTelemetry collector that gets traces (OTLP over HTTP, http://127.0.0.1:4318/v1/traces); "
        "empty: none are made",
    )
    traces_share: float = Field(0.05, gt=0, le=1, description="share of requests that are traced")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("rate_limit", "client_rate_limit")
    @classmethod
    def _known_limit(cls, value: str) -> str:
        if value and not re.fullmatch(r"\d+ ?(/|per) ?\d* ?(second|minute|hour|day)s?", value):
            raise ValueError("must be like 5000/second or 60000/minute")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def database(self) -> str:
        """The database to use: the one given, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'yigong.sqlite').resolve()}"

    @property
    def releases_dir(self) -> Path:
        return self.data_dir / "releases"

    @property
    def patient_key_file(self) -> Path:
        """The key that patients are hashed with; it also opens what was sealed before there were data keys."""
        return self.data_dir / "keys" / "journal.key"

    @property
    def anchors_file(self) -> Path:
        """Signatures over the audit, kept outside the database; copy it to where nobody can change it."""
        return self.data_dir / "audit.anchors"

    @property
    def key_file(self) -> Path:
        return self.data_dir / "keys" / "release.json"

    @property
    def risk_models_dir(self) -> Path:
        return self.data_dir / "risk-models"

    @property
    def policies_dir(self) -> Path:
        return self.data_dir / "policies"

    @property
    def identity_file(self) -> Path:
        """What fields weigh when persons are matched, where that differs from ours."""
        return self.data_dir / "identity.json"

    @property
    def staff_file(self) -> Path:
        """Who works the review queue: role and institutions covered, by name."""
        return self.policies_dir.parent / "staff.json"

    @property
    def clients_file(self) -> Path:
        """JSON Web Keys of registered CDS clients, by issuer."""
        return self.data_dir / "keys" / "clients.json"
