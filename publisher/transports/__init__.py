"""How mail leaves: a transport takes envelope and message, and gives a receipt or a typed failure."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.config.certificates import trusting
from publisher.config.mail import Mail, Smtp
from publisher.config.secrets import secret
from publisher.model.mail import Transport
from publisher.transports.files import FilesTransport
from publisher.transports.servers import Server
from publisher.transports.smtp import SmtpTransport

__all__ = ["open_transport"]


def open_transport(mail: Mail, *, environ: Mapping[str, str]) -> Transport:
    """The transport that the configuration names; nothing is connected yet.

    Raises ConfigError for a password or a file of certificates that is not there.
    """
    if mail.transport == "files":
        return FilesTransport(mail.files)
    servers = [_server(number, smtp, mail, environ) for number, smtp in enumerate(mail.smtp)]
    return SmtpTransport(servers)


def _server(number: int, smtp: Smtp, mail: Mail, environ: Mapping[str, str]) -> Server:
    place = f"mail.smtp.{number}" if len(mail.smtp) > 1 else "mail.smtp"
    password = ""
    if smtp.username:
        password = secret(f"{place}.password", smtp.password_env, smtp.password_file, environ)
    return Server(smtp, password, trusting(smtp.ca_file, f"{place}.ca_file"))
