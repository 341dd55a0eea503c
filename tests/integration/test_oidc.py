"""Logging in with an identity provider, and out again."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from base import roles
from base.tenancy import system
from tests.integration.staffed import BASE, COUNTY, HOSPITAL, OTHER, Staffed, staffed
from tests.login_servers import CLIENT, SECRET, Provider, serving

LOGIN, CALLBACK, SESSION = "/api/v1/oidc/login", "/api/v1/oidc/callback", "/api/v1/session"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    made.claims = {
        "sub": "42",
        "preferred_username": "liys",
        "name": "李医师",
        "roles": ["doctor"],
        "tenant": HOSPITAL,
    }
    with serving(made):
        yield made


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


def test_the_login_page_learns_what_the_provider_is_called(league: Staffed) -> None:
    assert league.client.get("/api/v1/oidc").json() == {"title": "统一身份认证"}


def test_logging_out_ends_the_login_with_the_provider_too(league: Staffed, provider: Provider) -> None:
    _login(league, provider)
    told = league.client.get(SESSION).json()
    assert told["provider"] == "统一身份认证"
    answer = league.client.delete(SESSION, headers={"X-CSRF-Token": told["csrf"]}).json()
    where = urlsplit(answer["onward"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{provider.url}/end_session"
    assert dict(parse_qsl(where.query)) == {"client_id": CLIENT, "post_logout_redirect_uri": f"{BASE}/ui/"}
    assert league.client.get(SESSION).status_code == 401


def test_who_logged_in_with_a_password_leaves_no_provider(league: Staffed) -> None:
    bearer = league.bearer("somebody")
    assert "provider" not in league.client.get(SESSION, headers=bearer).json()
    assert league.client.delete(SESSION, headers=bearer).json() == {"ended": 1}


def test_who_does_not_agree_at_the_provider_is_told_so_and_led_back(league: Staffed, provider: Provider) -> None:
    provider.agrees = False
    answer = _login(league, provider)
    assert answer.status_code == 401
    assert "统一身份认证未同意" in answer.text
    assert 'href="/ui/"' in answer.text
    assert league.client.get(SESSION).status_code == 401


def test_a_code_that_came_too_late_lets_nobody_in(league: Staffed, provider: Provider) -> None:
    provider.lasts = -1
    assert _login(league, provider).status_code == 401


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
    again = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
    provider.codes[back["code"]] = again | {"until": str(time() + 60)}
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
    monkeypatch.setattr("api.code_flow._AGAIN_SECONDS", 0.0)
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
    assert made.client.get("/api/v1/oidc").json() == {}
    assert made.client.get(f"{CALLBACK}?{urlencode({'code': 'x', 'state': 'y'})}").status_code == 401
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()
