"""A model hub of our own on loopback: tiny random checkpoints, a tiny photo zip, in the real formats."""

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

COMMIT = "0" * 40


class Handler(BaseHTTPRequestHandler):
    """Answers as the hub does: a file of a repository, its ETag and commit, or an error code in a header."""

    folder: Path
    truncate: set[str]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0].lstrip("/")
        owner_repo, _, rest = path.partition("/resolve/main/")
        file = self.folder / owner_repo / rest if rest else self.folder / path
        if path.startswith("api/models/") and "/tree/" in path:  # a folder that no repository here has
            return self.send(b"[]", body=body)
        if not file.is_file():
            self.send_response(404)
            known = (self.folder / owner_repo).is_dir()
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return self.send(file.read_bytes(), body=body, broken=path in self.truncate)

    def send(self, content: bytes, *, body: bool, broken: bool = False) -> None:
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content[: len(content) // 2] if broken else content)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serve(folder: Path, truncate: set[str] = frozenset()) -> Iterator[str]:
    """Serve ``folder`` on a loopback port; files named in ``truncate`` break off half-way. Yields the URL."""
    handler = type("FolderHandler", (Handler,), {"folder": folder, "truncate": truncate})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_resnet(folder: Path) -> None:
    """A tiny random ResNet in ``folder``, as a repository of the hub has it."""
    from transformers import ResNetConfig, ResNetModel

    torch.manual_seed(0)
    config = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_channels=3
    )
    ResNetModel(config).save_pretrained(folder)
    processor = {
        "image_processor_type": "ConvNextImageProcessor",
        "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
        "size": {"shortest_edge": 224},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))


def make_bert(folder: Path) -> None:
    """A tiny random BERT with a word-piece tokeniser in ``folder``."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "dog", "##s", "the", "sat"]
    (folder / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)


def make_ants_bees(file: Path, *, train: int = 6, val: int = 3, extra: dict[str, bytes] | None = None) -> str:
    """A tiny ``hymenoptera_data.zip``; ``extra`` adds members by name. Returns its sha256."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as archive:
        for part, count in (("train", train), ("val", val)):
            for label in ("ants", "bees"):
                for number in range(count):
                    pixels = random.integers(0, 255, (20, 30, 3), dtype=np.uint8)
                    photo = BytesIO()
                    Image.fromarray(pixels).save(photo, "JPEG")
                    name = f"hymenoptera_data/{part}/{label}/{number}_{part}{label}.jpg"
                    archive.writestr(name, photo.getvalue())
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return hashlib.sha256(file.read_bytes()).hexdigest()
