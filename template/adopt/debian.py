"""Debian packages that Python packages want: to be compiled, and to run."""

from collections.abc import Iterable
from dataclasses import dataclass

from template.adopt.packages import Packages

# The headers are Debian's, for a base image that has none of its own.
COMPILER = ("gcc", "libc6-dev", "python3-dev")


@dataclass(frozen=True)
class Want:
    """What a package wants where it is compiled (`build`), and always (`run`)."""

    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    # The package, or an extra of it, that brings its own library.
    unless: tuple[str, ...] = ()


POSTGRESQL = ("psycopg2-binary", "psycopg-binary", "psycopg[binary]")
# Packages that have no wheel with the library that they are linked with or open by its name.
ALWAYS = {
    "psycopg2": Want((*COMPILER, "libpq-dev"), ("libpq5",)),
    "psycopg": Want((), ("libpq5",), POSTGRESQL),
    "psycopg-c": Want((*COMPILER, "libpq-dev"), ("libpq5",)),
    "psycopg[c]": Want((*COMPILER, "libpq-dev"), ("libpq5",)),
    "mysqlclient": Want((*COMPILER, "pkg-config", "default-libmysqlclient-dev"), ("libmariadb3",)),
    "pycurl": Want((*COMPILER, "libcurl4-openssl-dev", "libssl-dev"), ("libcurl4",)),
    "python-ldap": Want(
        (*COMPILER, "libldap-dev", "libsasl2-dev"),
        ("libldap-common", "libldap-dev", "libsasl2-dev"),
    ),
    "django-auth-ldap": Want(
        (*COMPILER, "libldap-dev", "libsasl2-dev"), ("libldap-dev", "libsasl2-dev")
    ),
    "xmlsec": Want(
        (*COMPILER, "pkg-config", "libxml2-dev", "libxmlsec1-dev"), ("libxmlsec1-openssl",)
    ),
    "python3-saml": Want(
        (*COMPILER, "pkg-config", "libxml2-dev", "libxmlsec1-dev"), ("libxmlsec1-openssl",)
    ),
    "pysaml2": Want((), ("xmlsec1",)),
    "pylibmc": Want((*COMPILER, "libmemcached-dev", "zlib1g-dev"), ("libmemcached11",)),
    "pycairo": Want((*COMPILER, "pkg-config", "libcairo2-dev"), ("libcairo2",)),
    "xhtml2pdf": Want((*COMPILER, "pkg-config", "libcairo2-dev"), ("libcairo2",)),
    "pyicu": Want(("g++", "python3-dev", "pkg-config", "libicu-dev"), ("libicu-dev",)),
    "pygraphviz": Want((*COMPILER, "pkg-config", "libgraphviz-dev"), ("graphviz",)),
    "uwsgi": Want(COMPILER),
    "cairocffi": Want((), ("libcairo2",)),
    "cairosvg": Want((), ("libcairo2",)),
    "python-magic": Want((), ("libmagic1",)),
    "weasyprint": Want((), ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
    "django-weasyprint": Want((), ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
    "opencv-python": Want((), ("libgl1", "libglib2.0-0")),
    "pyzbar": Want((), ("libzbar0",)),
    "wand": Want((), ("libmagickwand-dev",)),
    "pytesseract": Want((), ("tesseract-ocr",)),
    "pdf2image": Want((), ("poppler-utils",)),
    "ffmpeg-python": Want((), ("ffmpeg",)),
    "pydub": Want((), ("ffmpeg",)),
    "gitpython": Want((), ("git",)),
}
# What has wheels, and wants these where there is none for the Python.
WITHOUT_WHEEL = {
    "psycopg2-binary": Want((*COMPILER, "libpq-dev"), ("libpq5",)),
    "lxml": Want((*COMPILER, "libxml2-dev", "libxslt1-dev"), ("libxml2", "libxslt1.1")),
    "pillow": Want(
        (*COMPILER, "libjpeg-dev", "zlib1g-dev", "libfreetype-dev"),
        ("libjpeg62-turbo", "libfreetype6"),
    ),
    "cffi": Want((*COMPILER, "libffi-dev"), ()),
    "greenlet": Want(("g++", "python3-dev")),
    "gevent": Want(("g++", "python3-dev", "make")),
    "numpy": Want(("g++", "python3-dev")),
    "pandas": Want(("g++", "python3-dev")),
}


@dataclass
class Debian:
    """The Debian packages of the stages, each with the Python packages that want them."""

    build: dict[tuple[str, ...], list[str]]
    run: dict[tuple[str, ...], list[str]]


def wanted(packages: Packages, without_wheel: Iterable[str], *, geodjango: bool) -> Debian:
    """What the packages want of Debian."""
    found = Debian({}, {})
    names = {*packages.pins, *packages.extras}
    for name, want in ALWAYS.items():
        if name in names and not names & set(want.unless):
            note(found, name, want)
    for name in without_wheel:
        if name not in ALWAYS:
            note(found, name, WITHOUT_WHEEL.get(name, Want(COMPILER)))
    if geodjango:
        found.run.setdefault(("gdal-bin", "binutils"), []).append("GeoDjango")
    if packages.git:
        found.build.setdefault(("git",), []).append("a package that comes from a Git repository")
    return found


def note(found: Debian, name: str, want: Want) -> None:
    """Add what a package wants."""
    if want.build:
        found.build.setdefault(want.build, []).append(name)
    if want.run:
        found.run.setdefault(want.run, []).append(name)
