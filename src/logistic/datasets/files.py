"""Files that are fetched: looked for in the user's folder, then in a cache, then downloaded; never used unchecked."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from .idx import unpacked

FOLDER = "LOGISTIC_DATA"  # names the folder that is looked in first
TRIES = 3
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 2**16

_HOSTS = {
    "ames": "https://raw.githubusercontent.com/kcarnold/AmesHousing/HEAD/data/",
    "tumors": "https://raw.githubusercontent.com/GokuMohandas/Made-With-ML/HEAD/datasets/",
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
}


@dataclass(frozen=True)
class RemoteFile:
    """A file and where it is published.

    Attributes
    ----------
    name : str
        Its place in the cache and in the user's folder.
    host : str
        Who publishes it.
    sha256 : str
    idx : bool
        It is an IDX file, and ``sha256`` is that of its content without gzip, which can be packed in many ways.
    """

    name: str
    host: str
    sha256: str
    idx: bool = False

    @property
    def url(self) -> str:
        """Where it is fetched from."""
        return _HOSTS[self.host] + Path(self.name).name

    @property
    def digest(self) -> str:
        """The checksum, and of what."""
        return f"sha256 {self.sha256}{' without gzip' if self.idx else ''}"


class Found(NamedTuple):
    """A checked file: where it lies, and its content (without gzip where it is an IDX file)."""

    path: Path
    content: bytes


def find(file: RemoteFile) -> Found:
    """The file on this machine, fetched if need be.

    Raises
    ------
    InputError
        If the file in the user's folder is not the right one, or there is none and it cannot be fetched: names the file, its
        checksum and where to place it.
    """
    placed = _placed(file)
    if placed is not None:
        try:
            return Found(placed, _checked(placed, file, str(placed)))
        except InputError as error:
            raise InputError(f"{error}; replace it, or remove it to have it fetched from {file.url}") from None
    cache = _cache()
    if cache is None:
        raise InputError(f"{file.name} is fetched from {file.url} by pooch; pip install 'logistic[data]', or {_advice(file)}")
    path = cache / file.name
    try:
        if path.exists():
            try:
                return Found(path, _checked(path, file, str(path)))
            except InputError:  # damaged: fetched again
                path.unlink(missing_ok=True)
        _download(file, cache)
        return Found(path, _checked(path, file, str(path)))
    except OSError as error:
        where = f"{file.name}, from {file.url}, cannot be kept in {cache}"
        raise InputError(f"{where} ({error.strerror or error}); make room for it there, or {_advice(file)}") from None


def present(file: RemoteFile) -> bool:
    """Whether the file lies on this machine; its content is not looked at."""
    try:
        cache = _cache()
        return _placed(file) is not None or (cache is not None and (cache / file.name).exists())
    except (InputError, OSError):
        return False


def _placed(file: RemoteFile) -> Path | None:
    """The file in the folder that the user names: under its full name or directly."""
    named = os.environ.get(FOLDER)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise InputError(f"{FOLDER} names {named}, which is no folder; create it or unset the variable")
    return next((path for path in (folder / file.name, folder / Path(file.name).name) if path.exists()), None)


def _cache() -> Path | None:
    """The folder that fetched files are kept in; None without pooch."""
    try:
        import pooch
    except ImportError:
        return None
    return Path(pooch.os_cache("logistic"))


def _checked(path: Path, file: RemoteFile, called: str) -> bytes:
    try:
        content = unpacked(path, called) if file.idx else path.read_bytes()
    except OSError as error:
        raise InputError(f"{called} cannot be read ({error.strerror or error})") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise InputError(f"{called} is not the expected {file.name}: its sha256 is {digest}, not {file.sha256}")
    return content


def _download(file: RemoteFile, cache: Path) -> None:
    """Fetch into the cache; pooch writes a file of another name, and renames it when it has been checked."""
    import pooch
    import requests

    fetcher = pooch.create(
        path=cache, base_url="", registry={file.name: None}, urls={file.name: file.url}, retry_if_failed=TRIES - 1
    )
    _tell(f"fetching {file.url}")
    log = pooch.get_logger()
    level = log.level
    try:
        log.setLevel("ERROR")  # what it says, the error below says
        fetcher.fetch(file.name, downloader=_downloader(file))
    except requests.exceptions.RequestException as error:
        raise InputError(f"{file.name} could not be fetched from {file.url} ({_reason(error)}); {_advice(file, cache)}") from None
    except InputError as error:
        raise InputError(f"{error}; {_advice(file, cache)}") from None
    finally:
        log.setLevel(level)


def _downloader(file: RemoteFile) -> Callable[[str, str, Any], None]:
    """Fetches and checks, so that a file that arrives damaged counts as one that did not."""
    import pooch

    http = pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=CHUNK, stream=False)  # closes the connection after an error too

    def fetch(url: str, output: str, fetcher: Any) -> None:
        http(url, output, fetcher)
        _checked(Path(output), file, f"what {url} sent")

    return fetch


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        return f"the server says {error.response.status_code} {error.response.reason}".rstrip()
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {TIMEOUT:g} seconds"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"the connection failed: {type(error).__name__}"
    return "the transfer broke off" if isinstance(error, requests.exceptions.ChunkedEncodingError) else type(error).__name__


def _advice(file: RemoteFile, cache: Path | None = None) -> str:
    there = "" if cache is None else f", or as {cache / file.name}"
    return f"place {file.name} ({file.digest}) in the folder that {FOLDER} names{there}"


def _tell(text: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
