"""ECR as Docker sees it: before the real registry, it asks for a password and for IAM."""

import contextlib
import json
import threading
from dataclasses import dataclass, field
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug import Request, Response
from werkzeug.datastructures import Authorization as Login

from template.rehearsal.aws.account import ACCOUNT, REGION, arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import CutError, Faults
from template.rehearsal.aws.guard import Guard
from template.rehearsal.aws.recording import NOBODY, Authorization
from template.rehearsal.aws.sessions import Session
from template.rehearsal.ecr.passwords import USER, Passwords
from template.rehearsal.ecr.registry import Registry
from template.rehearsal.ecr.repositories import Repository
from template.rehearsal.ecr.routes import Route, route_of
from template.rehearsal.ecr.upstream import forward

SERVICE = "registry"
# What Docker is told for an error of AWS's: the code in the body, and the status.
CODES = {
    "AccessDeniedException": ("DENIED", 403),
    "ImageTagAlreadyExistsException": ("TAG_INVALID", 400),
    "RepositoryNotFoundException": ("NAME_UNKNOWN", 404),
    "ThrottlingException": ("TOOMANYREQUESTS", 429),
}


@dataclass
class Front:
    """The registry of one region, a WSGI application; `endpoint` is where it is served."""

    registry: Registry
    repositories: dict[str, Repository]
    passwords: Passwords
    guard: Guard
    faults: Faults
    region: str = REGION
    endpoint: str = ""
    _tagging: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            response = self._respond(request)
        except AwsError as error:
            response = self._refuse(error)
        return response(environ, start_response)

    def wanted(self, action: str, repository: str) -> Authorization:
        """The permission to do something with a repository."""
        return Authorization(
            f"ecr:{action}", arn("ecr", f"repository/{repository}", region=self.region)
        )

    def check_repository(self, name: str) -> Repository:
        """The repository. Raises AwsError when there is none of that name."""
        if name not in self.repositories:
            raise AwsError(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id"
                f" '{ACCOUNT}'",
            )
        return self.repositories[name]

    def _respond(self, request: Request) -> Response:
        given = request.authorization
        if given is None or given.type != "basic":
            raise AwsError("UNAUTHORIZED", "Not Authorized", 401)
        with self.guard.recording.refusals(NOBODY, "ecr:GetAuthorizationToken", allowed=False):
            session = self._authenticate(given)
        if request.path == "/v2/":
            return Response("{}", content_type="application/json")
        route = route_of(request)
        with self.guard.permitted(session, [self.wanted(route.action, route.repository)]):
            repository = self.check_repository(route.repository)
            self._meet_fault(route, request)
            with self._tagging if route.new_tag else contextlib.nullcontext():
                if route.new_tag:
                    self.check_tag(repository, route.new_tag)
                return forward(request, self.registry, query=route.query)

    def _authenticate(self, given: Login) -> Session:
        """Who fetched the password that Docker sends."""
        password = self.passwords.find(given.password or "")
        if password is None or given.username != USER or password.owner.region != self.region:
            raise AwsError("DENIED", "Your Authorization Token is invalid.", 400)
        if password.expired:
            raise AwsError(
                "DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403
            )
        return password.owner.session

    def _meet_fault(self, route: Route, request: Request) -> None:
        try:
            self.faults.meet(SERVICE, route.action)
        except CutError as cut:
            request.stream.read(cut.after_bytes)
            raise

    def check_tag(self, repository: Repository, tag: str) -> None:
        """Raise AwsError for a tag that exists and may not move."""
        if repository.may_move(tag):
            return
        if self.registry.digest(repository.name, tag):
            raise AwsError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{repository.name}' repository and"
                " cannot be overwritten because the tag is immutable.",
            )

    def _refuse(self, error: AwsError) -> Response:
        code, status = CODES.get(error.code, (error.code, error.status))
        body = json.dumps({"errors": [{"code": code, "message": error.message}]})
        response = Response(body, status, content_type="application/json")
        if status == 401:
            challenge = f'Basic realm="http://{self.endpoint}/",service="ecr.amazonaws.com"'
            response.headers["WWW-Authenticate"] = challenge
        return response
