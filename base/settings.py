"""Every setting in one place; each can also be given as ``YIGONG_<NAME>`` in the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    max_body_bytes: int = Field(4_000_000, ge=10_000, description="largest request body taken")
    require_client_auth: bool = Field(False, description="refuse CDS Hooks calls without a trusted JWT")
    jku_allow: list[str] = Field([], description="JWKS URLs whose keys are trusted")
    fhir_budget_ms: int = Field(800, ge=0, description="time for our own FHIR queries in one call; 0: none")
    fhir_allow_hosts: list[str] = Field([], description="hosts we may query for missing prefetch; empty: any https")
    trusted_keys: list[str] = Field([], description="SM2 public keys of release signers beside our own")
    master_key_file: Path | None = Field(
        None, description="file of the SM4 key that wraps all data keys; empty: keys/master.key in the data folder"
    )
    swap_seconds: float = Field(1.0, gt=0, le=5, description="how often a worker looks for a newer release")
    api_keys: list[str] = Field(
        [], description="bearer keys for operators and curators; empty: open on loopback only"
    )
    webhook_hosts: list[str] = Field([], description="hosts that may be told of changes in the review queue")
    webhook_secret: str = Field("", description="key of the HMAC-SHA256 in X-Yigong-Signature of such messages")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

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
    def policies_dir(self) -> Path:
        return self.data_dir / "policies"

    @property
    def staff_file(self) -> Path:
        """Who works the review queue: role and institutions covered, by name."""
        return self.policies_dir.parent / "staff.json"

    @property
    def clients_file(self) -> Path:
        """JSON Web Keys of registered CDS clients, by issuer."""
        return self.data_dir / "keys" / "clients.json"
