"""How mail leaves: a transport takes envelope and message, and gives a receipt or a typed failure."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from publisher.config.schema import Mail, Smtp
from publisher.errors import ConfigError, Problem
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
    return Server(smtp, _password(smtp, place, environ), _trust(smtp, place))


def _password(server: Smtp, place: str, environ: Mapping[str, str]) -> str:
    if not server.username:
        return ""
    if server.password_file:
        try:
            return server.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise _problem(place, "password_file", f"cannot be read: {error}") from None
    if not environ.get(server.password_env):
        raise _problem(place, "password_env", f"the environment variable {server.password_env} is not set")
    return environ[server.password_env]


def _trust(server: Smtp, place: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if server.ca_file:
        try:
            context.load_verify_locations(cafile=server.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise _problem(place, "ca_file", f"{server.ca_file} holds no certificates: {error}") from None
    return context


def _problem(place: str, key: str, message: str) -> ConfigError:
    return ConfigError([Problem(f"{place}.{key}", message)])
