"""The sign-up page and its confirmation. Every answer is the same, whether or not an address is known."""

from __future__ import annotations

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from publisher import links
from publisher.errors import Refused
from publisher.rendering.signup_pages import Offered, SignUpPages
from publisher.subscribing import signing_up
from publisher.subscribing.signing_up import SignUp
from publisher.web.doors import PRIVATE, Doors
from publisher.web.forms import Form, form

_STAMP, _OLDEST = "form", timedelta(days=1)
_TRAP = "website"  # no person sees the field of this name


class SigningUp:
    """`/subscribe`, and `/confirm/TOKEN` behind the link of the mail that it causes."""

    def __init__(self, doors: Doors) -> None:
        self.doors, self.publisher = doors, doors.publisher
        self.pages = SignUpPages(doors.publisher.templates, doors.site)

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        return [
            Route("/subscribe", self.subscribe, methods=["GET", "POST"]),
            Route("/subscribe/form", self.embedded, methods=["GET"]),
            Route("/confirm/{token}", self.confirm, methods=["GET", "POST"]),
        ]

    async def subscribe(self, request: Request) -> Response:
        """The form; the POST notes what was asked for."""
        if request.method != "POST":
            return self._form(Form({"newsletters": list(request.query_params.getlist("newsletters"))}), "")
        filled = await form(request)
        if filled.one(_TRAP):
            return self._same(filled)
        if not self._in_time(filled.one("stamp")):
            return self._form(filled, "again")
        return await run_in_threadpool(self._sign_up, request, filled)

    async def embedded(self, _request: Request) -> Response:
        """The form to be copied into a page of one's own, as text."""
        action = f"{self.publisher.config.publication.url}/subscribe"
        return PlainTextResponse(self.pages.embedded(action, self._offered(())), headers=PRIVATE)

    async def confirm(self, request: Request) -> Response:
        """One question; the POST is the yes, and saying it twice is harmless."""
        id_ = self.doors.number(request, "confirm signup")
        if id_ is None:
            return self.doors.no_such_link()
        answer = self._confirm if request.method == "POST" else self._ask
        return await run_in_threadpool(answer, id_, request.path_params["token"])

    def _sign_up(self, request: Request, filled: Form) -> Response:
        p = self.publisher
        asked = SignUp(
            filled.one("address"),
            filled.all("newsletters"),
            p.config.publication.language,
            "page",
            self._consent(),
        )
        client = request.client.host if request.client else ""
        try:
            network = signing_up.network_of(p.keys, client)
            signing_up.sign_up(p.store, p.config, asked, network, self.doors.now)
        except Refused as error:
            return self._form(filled, str(error).partition(":")[0], 422)
        return self._same(filled)

    def _same(self, filled: Form) -> Response:
        return self.doors.page(self.pages.look_into_mail(filled.one("address").strip(), "signup"))

    def _form(self, filled: Form, wrong: str, status: int = 200) -> Response:
        stamp = links.token(self.publisher.keys, _STAMP, int(self.doors.now.timestamp()))
        offered = self._offered(filled.all("newsletters"))
        address = filled.one("address")[:320]
        return self.doors.page(self.pages.subscribe(offered, stamp, self._consent(), address, wrong), status)

    def _offered(self, chosen: tuple[str, ...]) -> list[Offered]:
        config = self.publisher.config
        names = signing_up.open_newsletters(config)
        all_of = {name: config.newsletters[name] for name in names}
        return [
            Offered(name, n.title, n.description, name in chosen or len(names) == 1)
            for name, n in all_of.items()
        ]

    def _consent(self) -> str:
        p = self.publisher
        words = p.templates.words(p.config.publication.language)
        usual = words.gettext(
            "I want to get what I ticked by e-mail. I can stop it at any time, by a link in every mail."
        )
        return p.config.signup.consent or usual

    def _in_time(self, stamp: str) -> bool:
        """Whether a form was filled in as fast as a person does; one of another site has no stamp."""
        numbers = links.read_token(self.publisher.keys, _STAMP, stamp)
        if not numbers:
            return False
        age = self.doors.now.timestamp() - numbers[0]
        # the stamp is in whole seconds
        least = self.publisher.config.signup.minimum_time.total_seconds()
        return least <= age < _OLDEST.total_seconds()

    def _ask(self, id_: int, action: str) -> Response:
        p = self.publisher
        with p.store.read() as tx:
            found = signing_up.pending(tx, p.config, "signup", id_, self.doors.now)
        if not found:
            return self.doors.no_such_link()
        titles = [self.doors.title(n) for n in found.data["newsletters"] if n in p.config.newsletters]
        return self.doors.page(self.pages.ask("signup", action=action, titles=titles, address=found.address))

    def _confirm(self, id_: int, _action: str) -> Response:
        p = self.publisher
        done = signing_up.confirm(p.store, p.config, id_, self.doors.now)
        if not done:
            return self.doors.no_such_link()
        manage = self.doors.link("preferences", "preferences", done.subscription_id)
        titles = [self.doors.title(name) for name in done.newsletters]
        return self.doors.page(self.pages.done("signup", titles=titles, address=done.address, manage=manage))
