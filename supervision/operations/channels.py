"""How somebody is told: a call of a URL, an e-mail, a short message through a gateway. What goes out names systems,
institutions and figures, never a patient."""

from __future__ import annotations

import hmac
import logging
import smtplib
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from clinical.coded import CHINA
from records.traffic import KINDS
from supervision.operations.alarms import Alarm, Event
from supervision.operations.conditions import CONDITIONS
from supervision.operations.letters import Letter
from supervision.operations.policy import SEVERITIES, Channel, Mail, Sms, Webhook

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)
TIMEOUT_SECONDS: Final = 10.0
EVENTS: Final = {
    Event.RAISED: "告警",
    Event.RENEWED: "告警持续",
    Event.ESCALATED: "告警升级",
    Event.ENDED: "告警恢复",
}
NameOf = Callable[[str], str]
"""What people call an institution."""


class UntoldError(Exception):
    """Somebody was not told: why, without what was said."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails go out; ``host`` empty: nowhere. ``tls``: ``starttls``, ``tls`` from the first byte, or ``none``
    within a closed network. ``ca``: the authority that its certificate must come from; None: any that the machine
    trusts."""

    host: str = ""
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    tls: str = "starttls"
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Where short messages go out; ``url`` empty: nowhere. ``body`` is what the gateway takes, with ``{phone}`` and
    ``{text}`` in its values; ``form``: as a form instead of JSON."""

    url: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: bool = False


@dataclass(frozen=True, slots=True)
class Outlets:
    """What channels go out by: ``hosts`` that may be called, the ``secret`` of signatures, what institutions are
    called."""

    web: httpx.Client
    name_of: NameOf
    hosts: Collection[str] = ()
    secret: str = field(default="", repr=False)
    mail: MailServer = MailServer()
    sms: SmsGateway = SmsGateway()


class Enclosed(NamedTuple):
    """A file that goes with an e-mail."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """What goes out: a text for people, ``body`` beside it for systems, under a ``reference`` that stays when it goes
    out again."""

    text: str
    body: Mapping[str, Any]
    reference: str
    file: Enclosed | None = None


def tell(channel: Channel, letter: Letter, outlets: Outlets) -> None:
    """Tell an alarm by a channel. Raises ``UntoldError``."""
    said = text_of(letter.event, letter.alarm, outlets.name_of)
    body = {"event": letter.event.value, "alarm": alarm_json(letter.alarm)}
    deliver(channel, Note(said, body, str(letter.number)), outlets)


def deliver(channel: Channel, note: Note, outlets: Outlets) -> None:
    """Tell something by a channel; a message in Yigong is told by being there. Raises ``UntoldError``."""
    if isinstance(channel, Webhook):
        _call(channel, note, outlets)
    elif isinstance(channel, Mail):
        _mail(channel, note, outlets.mail)
    elif isinstance(channel, Sms):
        _sms(channel, note.text, outlets)


def text_of(event: Event, alarm: Alarm, name_of: NameOf) -> str:
    """An alarm in one sentence."""
    who = f"{name_of(alarm.system.tenant)} {KINDS[alarm.system.kind]} {alarm.system.name}"
    since = f"{alarm.raised.astimezone(CHINA):%m-%d %H:%M}"
    title = CONDITIONS[alarm.condition].title if alarm.condition in CONDITIONS else alarm.condition
    return f"【医共】{EVENTS[event]}（{SEVERITIES[alarm.severity]}）{who}：{title}，始于 {since}。{alarm.measured}"


# -- by URL ------------------------------------------------------------------------------------------


def _call(channel: Webhook, note: Note, outlets: Outlets) -> None:
    if urlsplit(channel.url).hostname not in outlets.hosts:
        raise UntoldError("主机不在 YIGONG_WEBHOOK_HOSTS 中")
    if channel.robot:
        body = orjson.dumps({"msgtype": "text", "text": {"content": note.text}})
    else:
        body = orjson.dumps({"text": note.text, **note.body})
    headers = {"Content-Type": "application/json", "X-Yigong-Event": note.reference}
    if outlets.secret and not channel.robot:
        headers["X-Yigong-Signature"] = hmac.new(outlets.secret.encode(), body, sha256).hexdigest()
    _posted(outlets.web, channel.url, content=body, headers=headers)


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """An alarm as others read it."""
    system = alarm.system
    told: dict[str, Any] = {
        "id": alarm.id,
        "tenant": system.tenant,
        "system": system.label,
        "kind": system.kind.value,
    }
    told |= {"condition": alarm.condition, "severity": alarm.severity.value, "measured": alarm.measured}
    for name in ("raised", "escalated", "acknowledged", "ended"):
        at = getattr(alarm, name)
        told |= {name: at.isoformat()} if at else {}
    said = {"acknowledgedBy": alarm.acknowledged_by, "note": alarm.note}
    return told | {name: value for name, value in said.items() if value}


def _sms(channel: Sms, said: str, outlets: Outlets) -> None:
    gateway = outlets.sms
    if not gateway.url:
        raise UntoldError("未配置短信网关 (YIGONG_SMS_URL)")
    for phone in channel.phones:
        body = filled(gateway.body, {"phone": phone, "text": said})
        sent = {"data": body} if gateway.form else {"json": body}
        _posted(outlets.web, gateway.url, headers=dict(gateway.headers), **sent)


def filled(value: Any, given: Mapping[str, str]) -> Any:
    """A template with its places filled, however deep: in values only, so that a text can never become a field."""
    if isinstance(value, Mapping):
        return {key: filled(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, given) for inner in value]
    if not isinstance(value, str):
        return value
    for name, text in given.items():
        value = value.replace("{" + name + "}", text)
    return value


def _posted(web: httpx.Client, url: str, **request: Any) -> None:
    from httpx import HTTPError

    try:
        answer = web.post(url, **request)
    except HTTPError as error:
        raise UntoldError(type(error).__name__) from None
    if not answer.is_success:
        raise UntoldError(f"对方返回 {answer.status_code}")


# -- by e-mail ---------------------------------------------------------------------------------------


def _mail(channel: Mail, note: Note, server: MailServer) -> None:
    if not server.host:
        raise UntoldError("未配置邮件服务器 (YIGONG_SMTP_HOST)")
    letter = EmailMessage()
    letter["From"], letter["To"] = server.sender or server.user, ", ".join(channel.to)
    letter["Subject"] = note.text.partition("。")[0]
    letter.set_content(note.text)
    if note.file is not None:
        kind, _, form = note.file.media.partition("/")
        letter.add_attachment(note.file.content, maintype=kind, subtype=form, filename=note.file.name)
    try:
        with _connected(server) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            refused = smtp.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise UntoldError(_MAIL_FAULTS.get(type(error), type(error).__name__)) from None
    if refused:
        _log.warning("receivers of a mail refused", extra={"count": len(refused)})


_MAIL_FAULTS: Final[dict[type[Exception], str]] = {
    ssl.SSLCertVerificationError: "邮件服务器的证书不可信 (YIGONG_SMTP_CA_FILE)",
    smtplib.SMTPAuthenticationError: "邮件服务器拒绝登录 (YIGONG_SMTP_USER, YIGONG_SMTP_PASSWORD)",
    smtplib.SMTPNotSupportedError: "邮件服务器不支持 STARTTLS 或登录 (YIGONG_SMTP_TLS)",
    smtplib.SMTPRecipientsRefused: "邮件服务器拒绝了全部收件人",
}


def _connected(server: MailServer) -> smtplib.SMTP:
    where = (server.host, server.port)
    if server.tls == "none":
        return smtplib.SMTP(*where, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context(cafile=server.ca)
    if server.tls == "tls":
        return smtplib.SMTP_SSL(*where, timeout=TIMEOUT_SECONDS, context=context)
    smtp = smtplib.SMTP(*where, timeout=TIMEOUT_SECONDS)
    try:
        smtp.starttls(context=context)
    except (OSError, smtplib.SMTPException):
        smtp.close()
        raise
    return smtp
