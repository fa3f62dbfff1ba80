"""Certificate paths to trust anchors, and what is wrong with keys and certificates."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from . import _abi, _abi_verify
from ._pin import Pin, PinSource
from .entry import Certificate, certificate_of
from .errors import (
    AccessDeniedError,
    InvalidArgumentError,
    IoError,
    KeystoreError,
    NotFoundError,
)

#: A path, the content of a file (PEM or DER), or a certificate.
Source = Union[str, "os.PathLike[str]", bytes, Certificate]
Sources = Union[Source, Sequence[Source]]

_opinions = ("agrees", "disagrees", "no-opinion", "not-asked")
_revocations = ("not-asked", "good", "revoked", "unknown")
_severities = ("note", "warning", "error")
_verdicts = ("ok", "warn", "fail")


@dataclass(frozen=True)
class OpensslVerdict:
    """OpenSSL's opinion on the path that was judged last."""

    accepts: bool
    reason: str


@dataclass(frozen=True)
class SecondOpinion:
    """Botan's opinion on the same path."""

    verdict: str  #: "agrees", "disagrees", "no-opinion", "not-asked"
    reason: str


@dataclass(frozen=True)
class Verdict:
    """Whether a certificate is trusted. True where it is."""

    trusted: bool
    reason: str  #: "ok", or why no path is trusted
    path: Tuple[Certificate, ...]  #: leaf first, anchor last; the best one when refused
    openssl: OpensslVerdict
    botan: SecondOpinion
    revocation: str  #: "not-asked", "good", "revoked", "unknown"
    not_fetched: Tuple[KeystoreError, ...]  #: what was not to be had, naming the URL

    def __bool__(self) -> bool:
        return self.trusted


@dataclass(frozen=True)
class Fix:
    """How a fault is mended."""

    text: str  #: what to do, for people
    command: str  #: mends it when run in a shell; empty where no command can


@dataclass(frozen=True)
class Finding:
    """A fault and its repair."""

    code: str  #: "cert.expired"
    severity: str  #: "error", "warning", "note"
    message: str
    why: str
    fix: Fix


@dataclass(frozen=True)
class TargetReport:
    """What was found in one target."""

    target: str
    verdict: str  #: "ok", "warn", "fail"
    findings: Tuple[Finding, ...]
    error: Optional[KeystoreError]  #: why it, or a part of it, could not be judged


@dataclass(frozen=True)
class Report:
    """What was found in each target, in their order."""

    targets: Tuple[TargetReport, ...]

    def __iter__(self) -> Iterator[TargetReport]:
        return iter(self.targets)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> TargetReport:
        return self.targets[index]


def verify(
    cert: Source,
    *,
    chain: Sources = (),
    trust: Optional[Sources] = None,
    distrust: Sources = (),
    crl: Sources = (),
    host: Optional[str] = None,
    ip: Optional[str] = None,
    email: Optional[str] = None,
    purpose: Optional[str] = None,
    profile: str = "rfc5280",
    at: Optional[datetime] = None,
    depth: Optional[int] = None,
    partial_chain: bool = False,
    crl_check: Optional[str] = None,
    policy: Sequence[str] = (),
    explicit_policy: bool = False,
    inhibit_any_policy: bool = False,
    inhibit_policy_mapping: bool = False,
    ocsp_response: Sources = (),
    soft_fail: bool = False,
    strict_second_opinion: bool = False,
    aia: bool = False,
    ocsp: bool = False,
    ocsp_nonce: bool = False,
    fetch_crl: bool = False,
    allow_private_addresses: bool = False,
    timeout: Optional[float] = None,
) -> Verdict:
    """Looks for a path from `cert` to an anchor of `trust` (None: the operating system's).

    Names and meanings are those of `keystore verify`. More certificates in `cert` are intermediates.
    `purpose` is "server", "client", "email", "code", "ocsp" or "any"; `profile` "rfc5280" or
    "webpki"; `at` needs a time zone. The network is asked only where `aia`, `ocsp` or `fetch_crl` say
    so; `timeout` is in seconds, for one request. One that is not trusted is no exception: the verdict
    says so.
    """
    options = _options(locals())
    library = _abi_verify.library()
    content = _content(cert)
    handle = _abi.make(
        library.ks_verify, library.ks_verification_free, content, len(content), options
    )
    flat = library.ks_verification_verdict(handle).contents
    return Verdict(
        trusted=bool(flat.trusted),
        reason=_abi.text(flat.reason),
        path=tuple(certificate_of(flat.path[i].contents) for i in range(flat.path_count)),
        openssl=OpensslVerdict(bool(flat.openssl_accepts), _abi.text(flat.openssl_reason)),
        botan=SecondOpinion(_opinions[flat.botan_verdict], _abi.text(flat.botan_reason)),
        revocation=_revocations[flat.revocation],
        not_fetched=tuple(_abi.error_of(flat.not_fetched[i]) for i in range(flat.not_fetched_count)),
    )


def check(
    *targets: Union[str, "os.PathLike[str]"],
    pin: Optional[Pin] = None,
    pin_source: Optional[str] = None,
    soon_days: int = 30,
    chain: Sources = (),
    trust: Optional[Sources] = None,
    distrust: Sources = (),
    crl: Sources = (),
    host: Optional[str] = None,
    ip: Optional[str] = None,
    email: Optional[str] = None,
    purpose: Optional[str] = None,
    profile: str = "rfc5280",
    at: Optional[datetime] = None,
    depth: Optional[int] = None,
    partial_chain: bool = False,
    crl_check: Optional[str] = None,
    policy: Sequence[str] = (),
    explicit_policy: bool = False,
    inhibit_any_policy: bool = False,
    inhibit_policy_mapping: bool = False,
    ocsp_response: Sources = (),
    soft_fail: bool = False,
    strict_second_opinion: bool = False,
    aia: bool = False,
    ocsp: bool = False,
    ocsp_nonce: bool = False,
    fetch_crl: bool = False,
    allow_private_addresses: bool = False,
    starttls: Optional[str] = None,
    identity: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Report:
    """Finds what is wrong with identities, files, stores and servers ("tls://HOST:PORT"), which belong
    together, and how to mend it.

    What the certificates shall be good for is said as to verify(); `identity` is the URI of what is
    shown to a server that wants a certificate, `timeout` in seconds for each server or token. What is
    wrong with a target is in its report.
    """
    options = _options(locals())
    library = _abi_verify.library()
    source = PinSource(pin, pin_source)
    asked = _abi_verify.CheckOptions(
        size=ctypes.sizeof(_abi_verify.CheckOptions),
        verify=ctypes.pointer(options),
        open=ctypes.pointer(source.options),
        soon_days=soon_days,
        starttls=_abi.encoded_or_none(starttls),
        identity=_abi.encoded_or_none(identity),
        timeout_ms=_abi.milliseconds(timeout),
    )
    names = [os.fspath(target) for target in targets]
    handle = _abi.make(
        library.ks_check,
        library.ks_report_free,
        _abi.texts(names),
        len(names),
        asked,
    )
    flat = (library.ks_report_target(handle, i) for i in range(library.ks_report_count(handle)))
    return Report(tuple(_target_report(each.contents) for each in flat))


def _target_report(flat: Any) -> TargetReport:
    findings = (flat.findings[i] for i in range(flat.finding_count))
    return TargetReport(
        target=_abi.text(flat.target),
        verdict=_verdicts[flat.verdict],
        findings=tuple(
            Finding(
                code=_abi.text(each.code),
                severity=_severities[each.severity],
                message=_abi.text(each.message),
                why=_abi.text(each.why),
                fix=Fix(_abi.text(each.fix_text), _abi.text(each.fix_command)),
            )
            for each in findings
        ),
        error=_abi.error_of(flat.error.contents) if flat.error else None,
    )


def _options(given: Mapping[str, Any]) -> Any:
    """The ks_verify_options of the arguments of verify() and check(), by their names."""
    files = {name: _contents(given[name]) for name in ("chain", "distrust", "crl", "ocsp_response")}
    trust = None if given["trust"] is None else _contents(given["trust"])
    return _abi_verify.VerifyOptions(
        size=ctypes.sizeof(_abi_verify.VerifyOptions),
        purpose=_abi.encoded_or_none(given["purpose"]),
        profile=_abi.encoded_or_none(given["profile"]),
        host=_abi.encoded_or_none(given["host"]),
        ip=_abi.encoded_or_none(given["ip"]),
        email=_abi.encoded_or_none(given["email"]),
        crl_check=_abi.encoded_or_none(given["crl_check"]),
        depth=-1 if given["depth"] is None else given["depth"],
        partial_chain=given["partial_chain"],
        policies=_abi.texts(given["policy"]),
        policy_count=len(given["policy"]),
        explicit_policy=given["explicit_policy"],
        inhibit_any_policy=given["inhibit_any_policy"],
        inhibit_policy_mapping=given["inhibit_policy_mapping"],
        at=_seconds(given["at"]),
        chain=_abi_verify.contents(files["chain"]),
        chain_count=len(files["chain"]),
        trust=None if trust is None else _abi_verify.contents(trust),
        trust_count=len(trust or []),
        distrust=_abi_verify.contents(files["distrust"]),
        distrust_count=len(files["distrust"]),
        crls=_abi_verify.contents(files["crl"]),
        crl_count=len(files["crl"]),
        ocsp_responses=_abi_verify.contents(files["ocsp_response"]),
        ocsp_response_count=len(files["ocsp_response"]),
        soft_fail=given["soft_fail"],
        strict_second_opinion=given["strict_second_opinion"],
        aia=given["aia"],
        ocsp=given["ocsp"],
        ocsp_nonce=given["ocsp_nonce"],
        fetch_crl=given["fetch_crl"],
        allow_private_addresses=given["allow_private_addresses"],
        timeout_ms=_abi.milliseconds(given["timeout"]),
    )


def _seconds(at: Optional[datetime]) -> int:
    if at is None:
        return _abi_verify.NOW
    if at.tzinfo is None:
        raise InvalidArgumentError(f"the time {at} has no time zone", "add tzinfo=timezone.utc")
    return int(at.timestamp())


def _contents(files: Sources) -> List[bytes]:
    if isinstance(files, (str, bytes, os.PathLike, Certificate)):
        return [_content(files)]
    return [_content(each) for each in files]


def _content(source: Source) -> bytes:
    if isinstance(source, Certificate):
        return source.der
    if isinstance(source, bytes):
        return source
    try:
        with open(source, "rb") as file:
            return file.read()
    except OSError as problem:
        kinds = {FileNotFoundError: NotFoundError, PermissionError: AccessDeniedError}
        kind = kinds.get(type(problem), IoError)
        raise kind(f"cannot read {os.fspath(source)}: {problem.strerror}") from problem
