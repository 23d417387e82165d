"""What the library's tests share: no network, one thread, and an empty store where one is wanted."""

import socket
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch

from transfer_learning.datasets import Photos, load_photos


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small inputs are fastest on one thread, and give the same numbers on every machine."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails, whether or not the machine has one."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"this test reached for the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def close_figures():
    """No figure outlives its test."""
    yield
    plt.close("all")


@pytest.fixture
def empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own, with nothing in it."""
    folder = tmp_path / "store"
    folder.mkdir()
    monkeypatch.setenv("TRANSFER_LEARNING_ASSETS", str(folder))
    return folder


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip can see."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture(scope="session")
def photos() -> Photos:
    """The embedded photos; where they are missing, the error says how to fetch them."""
    return load_photos()
