import hashlib
import json
import time
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import pytest

from annotations.workers import make_key, put_replies
from jocas_themes.annotations import AnnotationStore, Decision, StoredReply
from jocas_themes.annotations.store import _export
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

FILES = ("replies", "messages", "taxonomies", "decisions", "losses", "batches")
SECRET = "Cariste chez Durand\u2028😀"


def read_lines(bundle: Path, name: str) -> list[dict[str, Any]]:
    """Read JSON Lines as anybody would: split at line feeds, parse each."""
    content = (bundle / f"{name}.jsonl").read_bytes()
    assert content == b"" or content.endswith(b"\n")
    return [json.loads(line) for line in content.decode().split("\n")[:-1]]


def read_manifest(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    return content


def check(bundle: Path) -> dict[str, Any]:
    """Check that every line parses and that the manifest tells the truth; return it."""
    manifest = read_manifest(bundle)
    assert set(manifest["files"]) == {f"{name}.jsonl" for name in FILES}
    for name in FILES:
        told = manifest["files"][f"{name}.jsonl"]
        content = (bundle / f"{name}.jsonl").read_bytes()
        assert told["n_lines"] == len(read_lines(bundle, name))
        assert told["sha256"] == hashlib.sha256(content).hexdigest()
    sent = {message["digest"] for message in read_lines(bundle, "messages")}
    replies = read_lines(bundle, "replies")
    assert all(set(reply["messages"]) <= sent for reply in replies)
    assert manifest["spent_usd"] == sum(reply["cost_usd"] or 0 for reply in replies)
    assert manifest["lost_usd"] == sum(loss["cost_usd"] for loss in read_lines(bundle, "losses"))
    return manifest


@pytest.fixture
def full(store: AnnotationStore) -> AnnotationStore:
    """Give a store that holds something of each kind."""
    store.add_taxonomy(HR_THEMES)
    messages = [{"role": "system", "content": "Lis."}, {"role": "user", "content": SECRET}]
    reply = StoredReply(raw='{"é": "\u2028"}', status="invalid", cost_usd=0.25)
    correction = [*messages, {"role": "assistant", "content": '{"évidence": "cariste"}'}]
    key = make_key(SECRET, parameters={"temperature": 0, "stop": ["\ud83d"]})
    store.put(key, reply, offer_id="o1", messages=messages)
    store.put(key, StoredReply(raw="{}", status="ok"), offer_id="o1", messages=correction)
    store.add_decisions(
        [
            Decision(
                text=SECRET,
                theme="PAY",
                label=0,
                reviewer="Anne",
                decided_at="2026-03-01T09:30:00Z",
            )
        ]
    )
    with store.ask() as asker:
        asker.claim(key.digest, 1, reserved_usd=0.5)
    return store


class TestBundle:
    def test_every_line_parses_and_the_manifest_is_right(
        self, full: AnnotationStore, tmp_path: Path
    ) -> None:
        bundle = full.export(tmp_path / "new" / "bundle")
        assert bundle == tmp_path / "new" / "bundle"
        manifest = check(bundle)
        assert {name: told["n_lines"] for name, told in manifest["files"].items()} == {
            "replies.jsonl": 2,
            "messages.jsonl": 3,
            "taxonomies.jsonl": 1,
            "decisions.jsonl": 1,
            "losses.jsonl": 1,
            "batches.jsonl": 0,
        }
        assert (manifest["spent_usd"], manifest["lost_usd"]) == (0.25, 0.5)
        assert manifest["texts"] is True
        readme = (bundle / "README.md").read_text(encoding="utf-8")
        assert (
            f"Written by jocas-themes {manifest['version']} on {manifest['written_at']}" in readme
        )
        assert "{" not in readme
        assert all(f"`{name}.jsonl`" in readme for name in FILES)
        names = {file.name for file in bundle.iterdir()}
        assert names == {f"{name}.jsonl" for name in FILES} | {"README.md", "manifest.json"}

    @pytest.mark.parametrize("reviewers", [False, True])
    def test_names_reviewers_when_it_is_told_to(
        self, full: AnnotationStore, tmp_path: Path, reviewers: bool
    ) -> None:
        bundle = full.export(tmp_path / "bundle", reviewers=reviewers)
        (decision,) = read_lines(bundle, "decisions")
        assert decision["reviewer"] == ("Anne" if reviewers else "reviewer 1")

    def test_holds_all_that_the_store_knows_of_a_reply(
        self, full: AnnotationStore, tmp_path: Path
    ) -> None:
        bundle = full.export(tmp_path / "bundle")
        replies = read_lines(bundle, "replies")
        messages = {message["digest"]: message for message in read_lines(bundle, "messages")}
        for reply in replies:
            reply["messages"] = [
                {name: messages[digest][name] for name in ("role", "content")}
                for digest in reply["messages"]
            ]
        assert replies == full.trace([replies[0]["key"]])
        assert replies[0]["raw"] == '{"é": "\u2028"}'
        (taxonomy,) = read_lines(bundle, "taxonomies")
        assert Taxonomy.from_dict(taxonomy["content"]) == HR_THEMES
        (decision,) = read_lines(bundle, "decisions")
        assert decision["text"] == SECRET
        (loss,) = read_lines(bundle, "losses")
        assert (loss["cost_usd"], loss["reason"]) == (0.5, "left unanswered")

    def test_lone_surrogates_are_escaped(self, full: AnnotationStore, tmp_path: Path) -> None:
        """No UTF-8 can hold them; as an escape, any reader of JSON takes them."""
        bundle = full.export(tmp_path / "bundle")
        assert b'"\\ud83d"' in (bundle / "replies.jsonl").read_bytes()
        assert read_lines(bundle, "replies")[0]["parameters"]["stop"] == ["\ud83d"]

    def test_without_texts_no_file_holds_one(self, full: AnnotationStore, tmp_path: Path) -> None:
        manifest = check(full.export(tmp_path / "bundle", texts=False))
        assert manifest["texts"] is False
        for file in (tmp_path / "bundle").iterdir():
            assert "Durand" not in file.read_text(encoding="utf-8")
        messages = read_lines(tmp_path / "bundle", "messages")
        assert {message["role"]: message["content"] for message in messages} == (
            {"system": "Lis.", "user": None, "assistant": '{"évidence": "cariste"}'}
        )
        (decision,) = read_lines(tmp_path / "bundle", "decisions")
        assert decision["text"] is None
        assert decision["text_digest"] == hashlib.sha256(SECRET.encode()).hexdigest()
        readme = (tmp_path / "bundle" / "README.md").read_text(encoding="utf-8")
        assert "The offers' texts were left out" in readme

    def test_an_empty_store(self, store: AnnotationStore, tmp_path: Path) -> None:
        manifest = check(store.export(tmp_path / "bundle"))
        assert all(told["n_lines"] == 0 for told in manifest["files"].values())

    def test_the_store_can_be_changed_afterwards(
        self, full: AnnotationStore, tmp_path: Path
    ) -> None:
        full.export(tmp_path / "bundle")
        full.put(make_key("new"), StoredReply(raw="{}", status="ok"), offer_id="o")
        assert len(full) == 3


class TestOverwriting:
    def test_a_bundle_is_replaced_when_asked(self, full: AnnotationStore, tmp_path: Path) -> None:
        bundle = full.export(tmp_path / "bundle")
        (bundle / "notes.txt").write_text("mine")
        full.put(make_key("new"), StoredReply(raw="{}", status="ok"), offer_id="o")
        with pytest.raises(FileExistsError, match=r"is not empty\. Export .* overwrite=True"):
            full.export(bundle)
        assert check(bundle)["files"]["replies.jsonl"]["n_lines"] == 2
        full.export(bundle, overwrite=True)
        assert check(bundle)["files"]["replies.jsonl"]["n_lines"] == 3
        assert (bundle / "notes.txt").read_text() == "mine"

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("thesis.docx", "years of work"),
            ("README.md", "of another project"),
            ("replies.jsonl", "of another program"),
            ("manifest.json", "{}"),
            ("manifest.json", "[]"),
            ("manifest.json", '{"kind": "student"}'),
            ("manifest.json", "not JSON"),
            ("manifest.json", '"jocas-themes annotation bundle"'),
        ],
    )
    def test_what_is_not_ours_is_never_touched(
        self, full: AnnotationStore, tmp_path: Path, name: str, content: str, overwrite: bool
    ) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / name).write_text(content)
        reason = "holds something else than a bundle" if overwrite else "is not empty"
        with pytest.raises(FileExistsError, match=reason):
            full.export(folder, overwrite=overwrite)
        assert [file.name for file in folder.iterdir()] == [name]
        assert (folder / name).read_text() == content

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_a_file_in_its_place(
        self, full: AnnotationStore, tmp_path: Path, overwrite: bool
    ) -> None:
        (tmp_path / "file").write_text("mine")
        with pytest.raises(FileExistsError, match="file"):
            full.export(tmp_path / "file", overwrite=overwrite)
        assert (tmp_path / "file").read_text() == "mine"

    def test_an_empty_folder_is_filled(self, full: AnnotationStore, tmp_path: Path) -> None:
        (tmp_path / "bundle").mkdir()
        check(full.export(tmp_path / "bundle"))

    def test_one_that_failed_is_no_bundle_and_can_be_replaced(
        self, full: AnnotationStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError("no space left")

        full.export(tmp_path / "bundle")
        with monkeypatch.context() as patch:
            patch.setattr(_export, "_iter_decisions", fail)
            with pytest.raises(OSError, match="no space left"):
                full.export(tmp_path / "bundle", overwrite=True)
        assert "files" not in read_manifest(tmp_path / "bundle")
        assert len(full) == 2  # and the store's own transaction has ended
        full.put(make_key("new"), StoredReply(raw="{}", status="ok"), offer_id="o")
        check(full.export(tmp_path / "bundle", overwrite=True))


def test_is_one_moment_while_another_process_writes(
    four_processes: Pool, store: AnnotationStore, path: Path, tmp_path: Path
) -> None:
    start = time.time() + 0.1
    writing = four_processes.starmap_async(put_replies, [(path, start, 0, 300)], chunksize=1)
    counts: list[int] = []
    while not (counts and writing.ready()):
        manifest = check(store.export(tmp_path / "bundle", overwrite=True))
        counts.append(manifest["files"]["replies.jsonl"]["n_lines"])
        assert manifest["files"]["messages.jsonl"]["n_lines"] == counts[-1]
    writing.get()
    assert counts == sorted(counts)
    assert check(store.export(tmp_path / "bundle", overwrite=True))["spent_usd"] == 300 * 0.25
