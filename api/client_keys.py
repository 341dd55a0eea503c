"""Keys of clients: the pair that we prove ourselves with to other servers (RFC 7523, ``private_key_jwt``), and what
others prove themselves with to us."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_OF_RSA: Final = "RS384"
_LASTS_SECONDS: Final = 300


@dataclass(frozen=True)
class ClientKey:
    """A private key (PEM): elliptic curve or RSA."""

    file: Path

    def public(self) -> dict[str, Any]:
        """Its public half as a JSON Web Key, for servers to check what we sign."""
        about = {"kid": self._key.thumbprint(), "alg": self._algorithm, "use": "sig", "key_ops": ["verify"]}
        return self._key.as_dict(private=False) | about

    def assertion(self, client_id: str, endpoint: str) -> dict[str, str]:
        """The fields of a form that say who we are to a token endpoint."""
        from authlib.oauth2.rfc7523 import private_key_jwt_sign

        header = {"kid": self._key.thumbprint(), "typ": "JWT"}
        signed = private_key_jwt_sign(
            self._key, client_id, endpoint, alg=self._algorithm, header=header, expires_in=_LASTS_SECONDS
        )
        return {"client_assertion_type": _ASSERTION, "client_assertion": str(signed)}

    @property
    def _algorithm(self) -> str:
        return _ALGORITHMS.get(getattr(self._key, "curve_name", ""), _OF_RSA)

    @cached_property
    def _key(self) -> ECKey | RSAKey:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from joserfc.jwk import ECKey, RSAKey

        content = self.file.read_bytes()
        kind = ECKey if isinstance(load_pem_private_key(content, None), EllipticCurvePrivateKey) else RSAKey
        return kind.import_key(content)


def jwk_of(pem: str, kid: str = "") -> dict[str, Any]:
    """A public key (PEM: elliptic curve or RSA) as a JSON Web Key, by its thumbprint (RFC 7638) where nobody numbered
    it. Raises ``ValueError``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from joserfc.jwk import ECKey, RSAKey

    content = pem.encode()
    try:
        public = load_pem_public_key(content)
    except UnsupportedAlgorithm:
        raise ValueError("a key of this kind is not supported") from None
    if not isinstance(public, EllipticCurvePublicKey | RSAPublicKey):
        raise ValueError("neither an elliptic curve key nor one of RSA")
    kind = ECKey if isinstance(public, EllipticCurvePublicKey) else RSAKey
    key = kind.import_key(content)
    return key.as_dict(private=False) | {"kid": kid or key.thumbprint(), "use": "sig"}
