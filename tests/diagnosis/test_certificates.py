"""Which fault a certificate has."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import diagnose_text
from autoexec_magic.diagnosis.certificates import fault

KUBECTL = "Unable to connect to the server: x509: certificate is valid for a.example, not b"
GIT = "fatal: unable to access 'https://a/':"
IP = "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("x509: certificate is valid for a.example, not b.example", "certificate-wrong-host"),
        ("x509: certificate has expired or is not yet valid: current time 2026", "certificate-expired"),
        (IP, "certificate-wrong-host"),
        ("SSL certificate problem: self-signed certificate in certificate chain", "certificate-self-signed"),
        ("SSL: no alternative certificate subject name matches target host name", "certificate-wrong-host"),
        ("The certificate's owner does not match hostname", "certificate-wrong-host"),
        ("invalid peer certificate: certificate expired: verification time 1", "certificate-expired"),
        ("server certificate verification failed. CAfile: none", ""),
    ],
)  # fmt: skip
def test_the_words_name_the_fault(words, code):
    """OpenSSL, GnuTLS, Go: each has words of its own; without them no fault is made up."""
    found = fault(words)
    assert (found[0] if found else "") == code


@pytest.mark.parametrize(
    ("text", "code", "confidence"),
    [
        (KUBECTL, "certificate-wrong-host", "certain"),
        (f"{GIT} SSL certificate problem: certificate has expired", "certificate-expired", "certain"),
        (f"{GIT} server certificate verification failed", "certificate-invalid", "likely"),
    ],
)  # fmt: skip
def test_every_program_that_refuses_one_is_asked_for_the_fault(text, code, confidence):
    """Whatever table a program has; the family's code alone is never certain."""
    seen = diagnose_text(text, language="bash")
    assert (seen.code, seen.confidence) == (code, confidence)
