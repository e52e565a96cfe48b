"""Which fault a certificate has, where the words of whoever refused it name one."""

from __future__ import annotations

_EXPIRED = ("certificate-expired", "renew that server's certificate; check this machine's clock")
_SELF_SIGNED = ("certificate-self-signed", "give that very certificate as a CA; no check would trust anybody")
_WRONG_HOST = ("certificate-wrong-host", "use the host name that the certificate is for")
#: Words -> code, fix; what OpenSSL, GnuTLS, Go and rustls say.
_FAULTS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("has expired", _EXPIRED),
    ("certificate expired", _EXPIRED),
    ("not yet valid", _EXPIRED),
    ("not activated", _EXPIRED),
    ("self-signed", _SELF_SIGNED),
    ("self signed", _SELF_SIGNED),
    ("does not match", _WRONG_HOST),
    ("doesn't match", _WRONG_HOST),
    ("certificate is valid for ", _WRONG_HOST),
    ("certificate is not valid for ", _WRONG_HOST),
    ("not valid for name", _WRONG_HOST),
    ("NotValidForName", _WRONG_HOST),
    ("doesn't contain any IP SANs", _WRONG_HOST),
    ("no alternative certificate subject name", _WRONG_HOST),
)


def fault(words: str) -> tuple[str, str] | None:
    """Return code and fix of the fault that is named, or None where the words name none.

    >>> fault("x509: certificate is valid for a.example, not b.example")[0], fault("verify failed")
    ('certificate-wrong-host', None)
    """
    return next((said for mark, said in _FAULTS if mark in words), None)
