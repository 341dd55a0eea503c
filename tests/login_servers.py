"""Servers that people are sent to, over real HTTP: an identity provider (OpenID Connect), and a hospital's system that
speaks SMART App Launch and FHIR. They sign, check PKCE and secrets, and can be made to misbehave."""

from __future__ import annotations

import json
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "yigong", "s3cret"
Answer = tuple[int, dict[str, Any]]
Form = dict[str, str]


@dataclass
class Provider:
    """A provider with one key pair. ``twist`` changes an identity token before it is signed, ``sign`` how it is;
    ``agrees`` is what somebody does at its page; codes work for ``lasts`` seconds."""

    url: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Form] = field(default_factory=dict)
    twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    sign: Callable[[Provider, dict[str, Any]], str] = lambda provider, claims: jwt.encode(
        claims, provider.key, "RS256", {"kid": "k1"}
    )
    kid: str = "k1"
    issuer: str = ""
    agrees: bool = True
    lasts: float = 60.0
    asked: list[str] = field(default_factory=list)

    def metadata(self) -> dict[str, Any]:
        ends = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token", "end_session")}
        return {"issuer": self.issuer or self.url, "jwks_uri": f"{self.url}/keys", **ends}

    def jwks(self) -> dict[str, Any]:
        public = RSAAlgorithm(RSAAlgorithm.SHA256).to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def authorize(self, url: str) -> Form:
        """Somebody was sent to the provider's page and agreed, or not: what the browser brings back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["code_challenge_method"] == "S256"
        if not self.agrees:
            return {"error": "access_denied", "state": asked["state"]}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked | {"until": str(time() + self.lasts)}
        return {"code": code, "state": asked["state"]}

    def token(self, form: Form, authorization: str) -> Answer:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if asked is None or float(asked["until"]) < time() or not self.proved(form, authorization):
            return 400, {"error": "invalid_grant"}
        if digest != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time())
        claims = {
            "iss": self.issuer or self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        told = self.twist(claims | self.claims)
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.sign(self, told)} | self.also(
            asked
        )

    def proved(self, form: Form, authorization: str) -> bool:
        """Whether it is us who redeem a code."""
        return authorization == "Basic " + b64encode(f"{CLIENT}:{SECRET}".encode()).decode()

    def also(self, asked: Form) -> dict[str, Any]:
        """What a token comes with."""
        return {}

    def get(self, path: str, authorization: str) -> Answer:
        return 200, self.metadata() if path.endswith("configuration") else self.jwks()


@dataclass
class His(Provider):
    """A hospital's system. ``launches`` are the patients open in it, by handle; ``records`` FHIR resources;
    ``public`` our keys, when we sign instead of telling a secret; ``withholds`` types it does not give;
    ``capabilities`` what it says it can do; ``expires_in`` for how long it says its token is good, if it does."""

    launches: dict[str, dict[str, str]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    public: dict[str, Any] | None = None
    withholds: set[str] = field(default_factory=set)
    capabilities: tuple[str, ...] = ("launch-ehr", "permission-v2", "sso-openid-connect")
    expires_in: Any = None

    @property
    def fhir(self) -> str:
        return f"{self.url}/fhir"

    def metadata(self) -> dict[str, Any]:
        return super().metadata() | {"capabilities": list(self.capabilities)}

    def proved(self, form: Form, authorization: str) -> bool:
        if self.public is None:
            return super().proved(form, authorization)
        key = jwt.PyJWKSet.from_dict(self.public).keys[0]
        said = jwt.decode(form["client_assertion"], key.key, [key.algorithm_name], audience=f"{self.url}/token")
        return said["iss"] == said["sub"] == CLIENT and bool(said["jti"])

    def also(self, asked: Form) -> dict[str, Any]:
        lasts = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return {"access_token": "secret-of-his", "scope": asked["scope"]} | lasts | self.launches[asked["launch"]]

    def get(self, path: str, authorization: str) -> Answer:
        if not path.startswith("/fhir/") or path.endswith("smart-configuration"):
            return super().get(path, authorization)
        kind, _, number = path.partition("?")[0].removeprefix("/fhir/").partition("/")
        if authorization != "Bearer secret-of-his" or kind in self.withholds:
            return 403, {"resourceType": "OperationOutcome", "issue": []}
        found = [one for one in self.records if one["resourceType"] == kind and (not number or one["id"] == number)]
        if number:
            return (200, found[0]) if found else (404, {"resourceType": "OperationOutcome", "issue": []})
        return 200, {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in found]}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(sent)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        def do_GET(self) -> None:
            provider.asked.append(self.path)
            query = dict(parse_qsl(urlsplit(self.path).query))
            if self.path.startswith("/authorization"):
                back = provider.authorize(self.path)
                self._answer(302, {}, Location=f"{query['redirect_uri']}?{urlencode(back)}")
            elif self.path.startswith("/end_session"):
                self._answer(302, {}, Location=query["post_logout_redirect_uri"])
            else:
                self._answer(*provider.get(self.path, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*provider.token(dict(parse_qsl(sent)), self.headers.get("Authorization", "")))

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(provider: Provider) -> Iterator[None]:
    """The provider at an address of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()
