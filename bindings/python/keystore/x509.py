"""Keys for the `cryptography` package, which signs certificates and requests with them."""

from __future__ import annotations

from typing import Any, NoReturn, Tuple, Union

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from .errors import AccessDeniedError, UnsupportedError
from .key import Key
from .specs import DecryptSpec, SignSpec

PrivateKey = Union["RSAPrivateKey", "ECPrivateKey", "Ed25519PrivateKey"]


def private_key(key: Key) -> PrivateKey:
    """`key` as that package knows private keys of its type. Raises UnsupportedError for other types,
    and where the store shows no public half."""
    if key.public_key is None:
        raise UnsupportedError(f"key {key.uri} shows no public half")
    public = serialization.load_der_public_key(key.public_key)
    if isinstance(public, rsa.RSAPublicKey):
        return RSAPrivateKey(key, public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return ECPrivateKey(key, public)
    if isinstance(public, ed25519.Ed25519PublicKey):
        return Ed25519PrivateKey(key, public)
    raise UnsupportedError(f"key {key.uri} is of type {key.type}, which is not offered here")


class _Stored:
    """What the three have in common: the key stays where it is."""

    def __init__(self, key: Key, public: Any) -> None:
        self._key = key
        self._public = public

    def private_numbers(self) -> NoReturn:
        """Not possible."""
        self._refuse()

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        """Not possible."""
        self._refuse()

    def private_bytes_raw(self) -> NoReturn:
        """Not possible."""
        self._refuse()

    @property
    def _evp_pkey(self) -> NoReturn:
        """What older versions of that package hand to OpenSSL for PKCS#7 and PKCS#12."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise AccessDeniedError(
            f"the private key {self._key.uri} is not handed out", "let it sign where it is"
        )

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: Any) -> Any:
        return self


class RSAPrivateKey(_Stored, rsa.RSAPrivateKey):
    """An RSA key of a store: PKCS#1 v1.5 and PSS, with any digest that the store can."""

    @property
    def key_size(self) -> int:
        """Of the modulus, in bits."""
        return int(self._public.key_size)

    def public_key(self) -> rsa.RSAPublicKey:
        """The public half, in software."""
        return self._public  # type: ignore[no-any-return]

    def sign(
        self,
        data: bytes,
        padding: padding.AsymmetricPadding,
        algorithm: Union[Prehashed, hashes.HashAlgorithm],
    ) -> bytes:
        """As in that package."""
        digest, form = _hashed(algorithm)
        return self._key.sign_digest(_rsa_spec(padding, digest, form, self.key_size), data)

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> bytes:
        """As in that package."""
        return self._key.decrypt(_decrypt_spec(padding), ciphertext)


class ECPrivateKey(_Stored, ec.EllipticCurvePrivateKey):
    """An EC key of a store: ECDSA and ECDH."""

    @property
    def curve(self) -> ec.EllipticCurve:
        """The named curve."""
        return self._public.curve  # type: ignore[no-any-return]

    @property
    def key_size(self) -> int:
        """Of the curve, in bits."""
        return int(self._public.key_size)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half, in software."""
        return self._public  # type: ignore[no-any-return]

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """As in that package."""
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise UnsupportedError("EC keys sign with ECDSA alone")
        digest, form = _hashed(signature_algorithm.algorithm)
        return self._key.sign_digest(SignSpec("ecdsa", digest.name, form), data)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """As in that package."""
        return self._key.derive(
            peer_public_key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )


class Ed25519PrivateKey(_Stored, ed25519.Ed25519PrivateKey):
    """An Ed25519 key of a store."""

    def public_key(self) -> ed25519.Ed25519PublicKey:
        """The public half, in software."""
        return self._public  # type: ignore[no-any-return]

    def sign(self, data: bytes) -> bytes:
        """As in that package."""
        return self._key.sign("ed25519", data)


def _hashed(
    algorithm: Union[Prehashed, hashes.HashAlgorithm]
) -> Tuple[hashes.HashAlgorithm, str]:
    """The digest, and what is handed over."""
    if isinstance(algorithm, Prehashed):
        return algorithm._algorithm, "digest"
    return algorithm, "message"


def _rsa_spec(
    pad: padding.AsymmetricPadding, digest: hashes.HashAlgorithm, form: str, bits: int
) -> SignSpec:
    if isinstance(pad, padding.PKCS1v15):
        return SignSpec("rsa_pkcs1", digest.name, form)
    if not isinstance(pad, padding.PSS):
        raise UnsupportedError(f"RSA keys do not sign with {pad.name}")
    salt: Any = pad._salt_length
    if salt is padding.PSS.MAX_LENGTH:
        salt = (bits - 1 + 7) // 8 - digest.digest_size - 2  # RFC 8017, 9.1.1
    elif not isinstance(salt, int):  # DIGEST_LENGTH; AUTO is for verification
        salt = digest.digest_size
    return SignSpec("rsa_pss", digest.name, form, pad._mgf._algorithm.name, salt)


def _decrypt_spec(pad: padding.AsymmetricPadding) -> DecryptSpec:
    if isinstance(pad, padding.PKCS1v15):
        return DecryptSpec("rsa_pkcs1")
    if not isinstance(pad, padding.OAEP):
        raise UnsupportedError(f"RSA keys do not decrypt {pad.name}")
    return DecryptSpec("rsa_oaep", pad._algorithm.name, pad._mgf._algorithm.name, pad._label or b"")
