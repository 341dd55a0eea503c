"""Logging in with an identity provider: a small real one that signs, checks PKCE, and can be made to misbehave."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from base import roles
from base.tenancy import system
from tests.integration.staffed import COUNTY, HOSPITAL, OTHER, Staffed, staffed

LOGIN, CALLBACK, SESSION = "/api/v1/oidc/login", "/api/v1/oidc/callback", "/api/v1/session"
CLIENT, SECRET = "yigong", "s3cret"


@dataclass
class Provider:
    """A provider with one key pair. ``twist`` changes a token before it is signed, ``sign`` how it is."""

    url: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    sign: Callable[[Provider, dict[str, Any]], str] = lambda provider, claims: jwt.encode(
        claims, provider.key, "RS256", {"kid": "k1"}
    )
    kid: str = "k1"
    issuer: str = ""

    def metadata(self) -> dict[str, Any]:
        ends = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token")}
        return {"issuer": self.issuer or self.url, "jwks_uri": f"{self.url}/keys", **ends}

    def jwks(self) -> dict[str, Any]:
        public = RSAAlgorithm(RSAAlgorithm.SHA256).to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def authorize(self, url: str) -> dict[str, str]:
        """Somebody agreed at the provider's page: what the browser brings back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        expected = "Basic " + __import__("base64").b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if asked is None or authorization != expected or digest != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        told = self.twist(claims | self.claims)
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.sign(self, told)}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, body: dict[str, Any]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def do_GET(self) -> None:
            self._answer(200, provider.metadata() if self.path.endswith("configuration") else provider.jwks())

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(sent).items()}
            self._answer(*provider.token(form, self.headers.get("Authorization", "")))

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    made.claims = {
        "sub": "42",
        "preferred_username": "liys",
        "name": "李医师",
        "roles": ["doctor"],
        "tenant": HOSPITAL,
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path, provider: Provider) -> Iterator[Staffed]:
    made = staffed(
        starter_dir,
        tmp_path,
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles={"doctor": "clinician", "boss": "lead-pharmacist", "auditor": "auditor", "sys": "system-admin"},
    )
    made.add("somebody", HOSPITAL)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def _login(league: Staffed, provider: Provider, target: str = "/", **changed: str) -> Any:
    """The whole way: away to the provider and back."""
    begun = league.client.get(LOGIN, params={"next": target}, follow_redirects=False)
    assert begun.status_code == 302, begun.text
    back = provider.authorize(begun.headers["location"]) | changed
    return league.client.get(CALLBACK, params=back)


def test_somebody_whom_the_provider_vouches_for_is_logged_in_with_role_and_tenant(
    league: Staffed, provider: Provider
) -> None:
    answer = _login(league, provider, "/queue?status=waiting")
    assert answer.status_code == 200, answer.text
    assert "url=/queue?status=waiting" in answer.text
    told = league.client.get(SESSION).json()
    assert (told["name"], told["fullName"], told["institution"]) == ("liys", "李医师", HOSPITAL)
    assert [role["name"] for role in told["roles"]] == ["clinician"]
    assert league.client.get("/api/v1/reviews").status_code == 200
    acts = [e["act"] for e in league.audited()]
    assert "login" in acts
    assert "grant.add" in acts


def test_roles_follow_what_the_provider_says_today_and_ours_stay(league: Staffed, provider: Provider) -> None:
    _login(league, provider)
    with system("test"), league.house.engine.begin() as connection:
        from base import accounts

        account = accounts.by_name(connection, "liys")
        roles.grant(connection, account.id, "pharmacist", COUNTY, "root")
    provider.claims |= {"roles": "boss", "tenant": OTHER}
    _login(league, provider)
    told = league.client.get(SESSION).json()
    assert {role["name"] for role in told["roles"]} == {"pharmacist", "lead-pharmacist"}
    assert (told["institution"], set(told["scope"])) == (OTHER, {COUNTY, OTHER})


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": []},
        {"roles": ["nobody we know"]},
        {"tenant": ""},
        {"tenant": "elsewhere/h1"},
        {"tenant": "league/../x"},
        {"roles": ["auditor", "sys"]},
        {"preferred_username": "somebody"},
    ],
)
def test_who_has_no_place_here_is_not_let_in(league: Staffed, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims |= claims
    answer = _login(league, provider)
    assert answer.status_code in (403, 422)
    assert league.client.get(SESSION).status_code == 401
    with system("test"), league.house.engine.connect() as connection:
        from base import accounts

        assert [a.name for a in accounts.listed(connection)] == ["somebody"]


def test_the_name_of_a_local_account_is_not_taken_over(league: Staffed, provider: Provider) -> None:
    provider.claims |= {"preferred_username": "somebody"}
    _login(league, provider)
    assert league.login("somebody").status_code == 200


def test_a_second_factor_of_the_provider_counts(starter_dir: Path, tmp_path: Path, provider: Provider) -> None:
    made = staffed(
        starter_dir,
        tmp_path,
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles={"doctor": "clinician"},
        second_factor_roles=["clinician"],
    )
    made.add("somebody", HOSPITAL)
    _login(made, provider)
    assert made.client.get(SESSION).json()["blocked"] == "second-factor"
    provider.claims |= {"amr": ["pwd", "otp"]}
    _login(made, provider)
    assert made.client.get(SESSION).json()["blocked"] == ""
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


# -- forged and stolen answers --------------------------------------------------------------------


def _public_pem(provider: Provider) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return provider.key.public_key().public_bytes(serialization.Encoding.PEM, form)


def _by_hand(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    said = b".".join(parts)
    return (said + b"." + urlsafe_b64encode(sign(said)).rstrip(b"=")).decode()


def _none(provider: Provider, claims: dict[str, Any]) -> str:
    return _by_hand({"alg": "none", "kid": "k1"}, claims, lambda _: b"")


def _confused(provider: Provider, claims: dict[str, Any]) -> str:
    """HMAC with the public key as its secret, which everybody knows."""
    import hmac

    pem = _public_pem(provider)
    return _by_hand({"alg": "HS256", "kid": "k1"}, claims, lambda said: hmac.new(pem, said, sha256).digest())


def _other_key(provider: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, rsa.generate_private_key(65537, 2048), "RS256", {"kid": "k1"})


def _own_key(provider: Provider, claims: dict[str, Any]) -> str:
    """The token brings along the key that it is to be checked with."""
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm(ECAlgorithm.SHA256).to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims, key, "ES256", {"kid": "mine", "jwk": jwk})


def _altered(provider: Provider, claims: dict[str, Any]) -> str:
    header, _, signature = jwt.encode(claims, provider.key, "RS256", {"kid": "k1"}).split(".")
    other = urlsafe_b64encode(json.dumps(claims | {"roles": ["boss"]}).encode()).rstrip(b"=").decode()
    return f"{header}.{other}.{signature}"


@pytest.mark.parametrize("sign", [_none, _confused, _other_key, _own_key, _altered, lambda p, c: "no token"])
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    league: Staffed, provider: Provider, sign: Callable[[Provider, dict[str, Any]], str]
) -> None:
    provider.sign = sign
    assert _login(league, provider).status_code == 401
    assert league.client.get(SESSION).status_code == 401
    assert "login.failed" in [e["act"] for e in league.audited("login")]


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere"},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        {"exp": 1},
        {"nonce": "of another login"},
        {"nonce": None},
        {"sub": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"iat": int(time()) + 86_400},
    ],
)
def test_a_token_for_somebody_or_something_else_lets_nobody_in(
    league: Staffed, provider: Provider, changed: dict[str, Any]
) -> None:
    provider.twist = lambda claims: {k: v for k, v in (claims | changed).items() if v is not None}
    assert _login(league, provider).status_code == 401
    assert league.client.get(SESSION).status_code == 401


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(league: Staffed, provider: Provider) -> None:
    begun = league.client.get(LOGIN, follow_redirects=False)
    back = provider.authorize(begun.headers["location"])
    league.client.cookies.clear()
    assert league.client.get(CALLBACK, params=back).status_code == 401, (
        "the attacker's answer in the victim's browser"
    )
    league.client.get(LOGIN, follow_redirects=False)
    assert league.client.get(CALLBACK, params=back).status_code == 401, "nor with the cookie of another login"


def test_an_answer_works_once(league: Staffed, provider: Provider) -> None:
    begun = league.client.get(LOGIN, follow_redirects=False)
    cookie = {"Cookie": f"__Host-yigong-oidc={league.client.cookies['__Host-yigong-oidc']}"}
    back = provider.authorize(begun.headers["location"])
    assert league.client.get(CALLBACK, params=back).status_code == 200
    provider.codes[back["code"]] = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
    league.client.cookies.clear()
    assert league.client.get(CALLBACK, params=back, headers=cookie).status_code == 401


def test_an_answer_of_another_provider_is_refused(league: Staffed, provider: Provider) -> None:
    assert _login(league, provider, iss="https://elsewhere").status_code == 401
    assert _login(league, provider, state="x").status_code == 401
    assert _login(league, provider, code="").status_code == 401
    assert _login(league, provider, code="made up").status_code == 401


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", '/"><script>x</script>'],
)
def test_nobody_is_sent_elsewhere_after_login(league: Staffed, provider: Provider, target: str) -> None:
    page = _login(league, provider, target).text
    assert "evil" not in page
    assert "javascript" not in page
    assert "<script" not in page


def test_a_new_key_of_the_provider_is_fetched(
    league: Staffed, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _login(league, provider).status_code == 200
    monkeypatch.setattr("api.oidc._AGAIN_SECONDS", 0.0)
    provider.key, provider.kid = rsa.generate_private_key(65537, 2048), "k2"
    provider.sign = lambda p, claims: jwt.encode(claims, p.key, "RS256", {"kid": "k2"})
    assert _login(league, provider).status_code == 200


def test_a_provider_that_claims_to_be_another_is_not_used(league: Staffed, provider: Provider) -> None:
    provider.issuer = "https://elsewhere"
    assert league.client.get(LOGIN, follow_redirects=False).status_code == 503


def test_without_a_provider_there_is_no_such_login(starter_dir: Path, tmp_path: Path) -> None:
    made = staffed(starter_dir, tmp_path)
    answer = made.client.get(LOGIN, follow_redirects=False)
    assert (answer.status_code, "YIGONG_OIDC_ISSUER" in answer.text) == (404, True)
    assert made.client.get(f"{CALLBACK}?{urlencode({'code': 'x', 'state': 'y'})}").status_code == 401
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()
