"""Fetch the browser's libraries and fonts from npm into the tree, each file named by hand and checked.

The files are committed, so nobody needs this to run Footnote: it is the record of where each came from, and the way
to take a newer one. It asks the npm registry for one exact version, checks the tarball against the `sha512` integrity
that the registry publishes, copies the files listed below and writes `static/vendor/manifest.json`, which
`tests/browser/test_vendored_files.py` holds against the tree.

    python scripts/vendor_frontend.py
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sys
import tarfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "static" / "vendor" / "manifest.json"
REGISTRY = "https://registry.npmjs.org"
TIMEOUT_S = 60
MAX_TARBALL_BYTES = 80 * 1024 * 1024

# A map file is not shipped; a hashing static storage would look for the file that this comment names.
SOURCE_MAP_COMMENT = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package: its exact version, its licence, and which files and folders of it go where."""

    name: str
    version: str
    licence: str
    files: dict[str, str]
    folders: dict[str, str] = field(default_factory=dict)


def fontsource(slug: str, subsets: dict[str, tuple[str, ...]], version: str) -> Package:
    """A variable font of fontsource: `subsets` gives the wanted subsets of each style."""
    files = {"LICENSE": f"static/fonts/{slug}-LICENSE.txt"}
    for style, names in subsets.items():
        for subset in names:
            filename = f"{slug}-{subset}-wght-{style}.woff2"
            files[f"files/{filename}"] = f"static/fonts/{filename}"
    return Package(f"@fontsource-variable/{slug}", version, "OFL-1.1", files)


PACKAGES = (
    fontsource(
        "literata",
        {"normal": ("latin", "latin-ext", "greek", "cyrillic"), "italic": ("latin", "latin-ext")},
        "5.3.0",
    ),
    fontsource("source-sans-3", {"normal": ("latin", "latin-ext", "greek", "cyrillic")}, "5.3.0"),
    fontsource("source-code-pro", {"normal": ("latin", "latin-ext")}, "5.3.0"),
    Package(
        "marked",
        "18.2.1",
        "MIT",
        {"lib/marked.esm.js": "static/vendor/marked/marked.js", "LICENSE": "static/vendor/marked/LICENSE"},
    ),
    Package(
        "dompurify",
        "3.4.18",
        "(MPL-2.0 OR Apache-2.0)",
        {"dist/purify.min.js": "static/vendor/dompurify/purify.js", "LICENSE": "static/vendor/dompurify/LICENSE"},
    ),
    # The core and one file for each language, so that a page loads the language that it shows and no other.
    Package(
        "@highlightjs/cdn-assets",
        "11.12.0",
        "BSD-3-Clause",
        {"es/core.min.js": "static/vendor/highlight/core.js", "LICENSE": "static/vendor/highlight/LICENSE"}
        | {
            f"es/languages/{name}.min.js": f"static/vendor/highlight/languages/{name}.js"
            for name in (
                *("bash", "c", "cpp", "csharp", "css", "diff", "dockerfile", "go", "ini", "java", "javascript", "json"),
                *("php", "powershell", "python", "ruby", "rust", "sql", "typescript", "xml", "yaml"),
            )
        },
    ),
    # Formulas as MathML, which browsers draw by themselves: neither its styles nor its fonts are needed.
    Package(
        "katex",
        "0.19.1",
        "MIT",
        {"dist/katex.min.js": "static/vendor/katex/katex.js", "LICENSE": "static/vendor/katex/LICENSE"},
    ),
    # cmaps: characters of CJK documents that embed no font; standard_fonts: PDF's own fourteen; the rest is decoded
    # without WebAssembly, which the Content-Security-Policy does not allow.
    Package(
        "pdfjs-dist",
        "5.7.284",
        "Apache-2.0",
        {
            "build/pdf.min.mjs": "static/vendor/pdfjs/pdf.js",
            "build/pdf.worker.min.mjs": "static/vendor/pdfjs/pdf.worker.js",
            "LICENSE": "static/vendor/pdfjs/LICENSE",
            "wasm/openjpeg_nowasm_fallback.js": "static/vendor/pdfjs/wasm/openjpeg_nowasm_fallback.js",
            "wasm/LICENSE_OPENJPEG": "static/vendor/pdfjs/wasm/LICENSE_OPENJPEG",
            "wasm/LICENSE_PDFJS_OPENJPEG": "static/vendor/pdfjs/wasm/LICENSE_PDFJS_OPENJPEG",
            "wasm/jbig2_nowasm_fallback.js": "static/vendor/pdfjs/wasm/jbig2_nowasm_fallback.js",
            "wasm/LICENSE_JBIG2": "static/vendor/pdfjs/wasm/LICENSE_JBIG2",
            "wasm/LICENSE_PDFJS_JBIG2": "static/vendor/pdfjs/wasm/LICENSE_PDFJS_JBIG2",
        },
        folders={"cmaps": "static/vendor/pdfjs/cmaps", "standard_fonts": "static/vendor/pdfjs/standard_fonts"},
    ),
    Package(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        {"axe.min.js": "tests/vendor/axe-core/axe.min.js", "LICENSE": "tests/vendor/axe-core/LICENSE"},
    ),
)


def download(url: str) -> bytes:
    """The bytes at `url`; raises OSError when the registry cannot be reached, ValueError when it sends too much."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
        data: bytes = response.read(MAX_TARBALL_BYTES + 1)
    if len(data) > MAX_TARBALL_BYTES:
        raise ValueError(f"{url} is larger than {MAX_TARBALL_BYTES} bytes")
    return data


def fetch(package: Package) -> tarfile.TarFile:
    """The package's tarball, checked against the integrity that the registry names for this version."""
    described = json.loads(download(f"{REGISTRY}/{package.name}/{package.version}"))
    if described.get("license") != package.licence:
        raise ValueError(f"{package.name} {package.version}: licence is now {described.get('license')}")
    tarball = download(described["dist"]["tarball"])
    algorithm, _, expected = described["dist"]["integrity"].partition("-")
    digest = base64.b64encode(hashlib.new(algorithm, tarball).digest()).decode()
    if digest != expected:
        raise ValueError(f"{package.name} {package.version}: the tarball does not match its integrity")
    return tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz")


def listed(package: Package, archive: tarfile.TarFile) -> dict[str, str]:
    """The package's listed files and those of its listed folders, each with its place in the tree."""
    files = dict(package.files)
    names = sorted(member.name.removeprefix("package/") for member in archive.getmembers() if member.isfile())
    for folder, target in package.folders.items():
        files |= {name: f"{target}/{name.rpartition('/')[2]}" for name in names if name.rpartition("/")[0] == folder}
    return files


def copy_files(package: Package) -> list[dict[str, str | int]]:
    """Write the package's listed files into the tree; one manifest entry each."""
    entries: list[dict[str, str | int]] = []
    with fetch(package) as archive:
        for inside, target in listed(package, archive).items():
            member = archive.extractfile(f"package/{inside}")
            if member is None:
                raise ValueError(f"{package.name} {package.version} has no {inside}")
            data = SOURCE_MAP_COMMENT.sub(b"\n", member.read())
            path = ROOT / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            entries.append(
                {
                    "path": target,
                    "package": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "from": inside,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "bytes": len(data),
                }
            )
    return entries


def main() -> int:
    """Fetch every package and write the manifest; 0 when all of them are in place."""
    entries: list[dict[str, str | int]] = []
    for package in PACKAGES:
        before = len(entries)
        entries += copy_files(package)
        print(f"{package.name} {package.version}: {len(entries) - before} files")
    MANIFEST.parent.mkdir(parents=True, exist_ok=True)
    MANIFEST.write_text(json.dumps({"files": entries}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
