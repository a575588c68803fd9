"""The annotation store: every reply that was paid for, in one SQLite file."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes.annotations.store import _batches, _decisions, _reply_table
from jocas_themes.annotations.store._asker import Asker
from jocas_themes.annotations.store._claims import Spending, read_spending
from jocas_themes.annotations.store._decisions import Decision
from jocas_themes.annotations.store._export import export_bundle
from jocas_themes.annotations.store._file import StoreFile
from jocas_themes.annotations.store._replies import ReplyKey, StoredReply
from jocas_themes.errors import StoreMismatchError
from jocas_themes.taxonomy import Taxonomy


class AnnotationStore(StoreFile):
    """Keep every reply of a teacher, so that no offer is paid for twice.

    One SQLite file in write-ahead mode: several processes may share it, and a reply is on disk
    before the next one is awaited. Replies are only ever added, with the messages that they
    answer, what they cost, and what people decided over them. An instance can be pickled and
    copied: it carries the path.

    Parameters
    ----------
    path : str or Path
        The file; made when absent, in a folder that exists. An older form is converted.

    Raises
    ------
    StoreError
        On first use, if the file cannot be opened, or is not an annotation store, or was
        written by a newer version.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import AnnotationStore
    >>> store = AnnotationStore(pathlib.Path(tempfile.mkdtemp()) / "annotations.sqlite")
    >>> len(store)
    0
    >>> store.read_spending()
    Spending(spent_usd=0.0, lost_usd=0.0, in_flight_usd=0.0)
    >>> store.close()
    """

    def __len__(self) -> int:
        with self.read() as connection:
            count: int = connection.execute("SELECT count(*) FROM replies").fetchone()[0]
            return count

    def __bool__(self) -> bool:
        return True  # "store or default" must not drop a store that is still empty

    def get(self, digests: Iterable[str]) -> dict[str, tuple[StoredReply, ...]]:
        """Return the replies that are there.

        Parameters
        ----------
        digests : iterable of str
            Digests of `ReplyKey`.

        Returns
        -------
        dict of str to tuple of StoredReply
            By digest, in order of arrival: the answer, then answers to corrections. Those that
            are not in the store are not in the result.
        """
        with self.read() as connection:
            return _reply_table.select_replies(connection, digests)

    def put(
        self,
        key: ReplyKey,
        reply: StoredReply,
        *,
        offer_id: str,
        messages: Sequence[_reply_table.Message] = (),
    ) -> None:
        """Keep one reply, beside those that are there.

        Parameters
        ----------
        key : ReplyKey
            What was asked.
        reply : StoredReply
            What came.
        offer_id : str
            Of the first offer that had this text, for people who read the file.
        messages : sequence of dict
            What was sent, each with ``role`` and ``content``.
        """
        with self.change() as connection:
            _reply_table.insert_reply(connection, key, reply, offer_id=offer_id, messages=messages)

    def put_many(self, items: Iterable[tuple[ReplyKey, StoredReply, str]]) -> None:
        """Keep several replies in one transaction.

        Parameters
        ----------
        items : iterable of (ReplyKey, StoredReply, str)
            What was asked, what came, and the offer's id.
        """
        with self.change() as connection:
            for key, reply, offer_id in items:
                _reply_table.insert_reply(connection, key, reply, offer_id=offer_id, messages=())

    def ask(self, *, max_cost_usd: float | None = None) -> Asker:
        """Begin a run that asks for what the store lacks; to be used in a ``with`` statement.

        Parameters
        ----------
        max_cost_usd : float, optional
            What all replies of the store together may cost, those under way included.

        Returns
        -------
        Asker
            What claims questions and keeps replies, beside the runs of other processes.
        """
        return Asker(self, max_cost_usd=max_cost_usd)

    def read_spending(self) -> Spending:
        """Return what the replies have cost, and what may be charged besides.

        Returns
        -------
        Spending
            ``spent_usd``, ``lost_usd``, ``in_flight_usd``, and their sum ``total_usd``.
        """
        with self.read() as connection:
            return read_spending(connection)

    def read_completions(self, model: str) -> _reply_table.Completions:
        """Return how long a model's replies are.

        Parameters
        ----------
        model : str
            The model's name.

        Returns
        -------
        Completions
            ``n_replies``, ``mean_tokens``, ``longest_tokens``.
        """
        with self.read() as connection:
            return _reply_table.summarise_completions(connection, model)

    def price_replies(self, model: str, compute_cost: Callable[[StoredReply], float | None]) -> int:
        """Price the replies of a model that came when no price was known.

        Parameters
        ----------
        model : str
            The model's name.
        compute_cost : callable
            From a reply, without its body, to US dollars; None where it cannot be known.

        Returns
        -------
        int
            How many replies of the store, of whatever model, still have no price.
        """
        with self.change() as connection:
            return _reply_table.price_replies(connection, model, compute_cost)

    def add_decisions(self, decisions: Iterable[Decision]) -> int:
        """Keep what people decided; it overrides any teacher's answer to the same text and theme.

        Parameters
        ----------
        decisions : iterable of Decision
            All are kept or none; the latest by date holds.

        Returns
        -------
        int
            How many were new: the same decision twice is one.
        """
        with self.change() as connection:
            return _decisions.insert_decisions(connection, decisions)

    def read_decisions(self) -> pd.DataFrame:
        """Return all decisions, those that were overruled or withdrawn too.

        Returns
        -------
        DataFrame of shape (n_decisions, 12)
            One row a decision, in the order in which they were added.
        """
        with self.read() as connection:
            return _decisions.select_decisions(connection)

    def find_decisions(self, texts: Iterable[str]) -> dict[str, dict[str, Decision]]:
        """Return the decision that holds for each theme of some offers.

        Parameters
        ----------
        texts : iterable of str
            The offers' texts, as `as_offers` gives them.

        Returns
        -------
        dict of str to dict of str to Decision
            By text and theme code; texts nobody decided on are not in it.
        """
        with self.read() as connection:
            return _decisions.find_decisions(connection, texts)

    def withdraw_decisions(self, text: str, theme: str, *, reviewer: str | None = None) -> int:
        """Take decisions back; they stay in the store, with the date.

        Parameters
        ----------
        text : str
            The offer's text.
        theme : str
            The theme's code.
        reviewer : str, optional
            Whose; by default everybody's.

        Returns
        -------
        int
            How many were withdrawn.
        """
        with self.change() as connection:
            return _decisions.withdraw_decisions(connection, text, theme, reviewer=reviewer)

    def add_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Accept a taxonomy beside those whose answers the store holds.

        Parameters
        ----------
        taxonomy : Taxonomy
            Its offers will be asked, and paid for, on their own.
        """
        with self.change() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO taxonomies (fingerprint, content) VALUES (?, ?)",
                (taxonomy.fingerprint, json.dumps(taxonomy.to_dict(), ensure_ascii=False)),
            )

    def require_taxonomy(self, taxonomy: Taxonomy, *, adopt: bool = True) -> None:
        """Check that the store is one for this taxonomy; a store without replies becomes one.

        Parameters
        ----------
        taxonomy : Taxonomy
            What the teacher is going to ask.
        adopt : bool, default=True
            Whether a store without replies becomes one; else it stays as it is.

        Raises
        ------
        StoreMismatchError
            If the store knows other taxonomies only: a changed definition would otherwise pay
            for every offer again without a word.
        """
        with self.read() as connection:
            rows = connection.execute("SELECT fingerprint, content FROM taxonomies").fetchall()
            (in_use,) = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM replies) OR EXISTS (SELECT 1 FROM batches)"
            ).fetchone()
        known = {fingerprint: json.loads(content) for fingerprint, content in rows}
        if not known or not in_use:
            if adopt and taxonomy.fingerprint not in known:
                self._replace_taxonomies(taxonomy)
        elif taxonomy.fingerprint not in known:
            others = [
                f"{fingerprint} ({', '.join(theme['code'] for theme in content['themes'])})"
                for fingerprint, content in known.items()
            ]
            raise StoreMismatchError(
                f"{self.path} holds {len(self)} answers of another taxonomy: {'; '.join(others)}. "
                f"This one is {taxonomy.fingerprint} ({', '.join(taxonomy.codes)}). Pass the "
                f"taxonomy that the answers were made with, or another store; or accept that "
                f"every offer is asked again with AnnotationStore(path).add_taxonomy(taxonomy)."
            )

    def _replace_taxonomies(self, taxonomy: Taxonomy) -> None:
        """Hold this taxonomy alone, as long as nothing was answered."""
        with self.change() as connection:
            connection.execute("DELETE FROM taxonomies")
            connection.execute(
                "INSERT INTO taxonomies (fingerprint, content) VALUES (?, ?)",
                (taxonomy.fingerprint, json.dumps(taxonomy.to_dict(), ensure_ascii=False)),
            )

    def to_frame(self) -> pd.DataFrame:
        """Return what the store holds of each reply, but for its body and what was sent.

        Returns
        -------
        DataFrame of shape (n_replies, 20)
            One row a reply, in the order of arrival.
        """
        with self.read() as connection:
            return _reply_table.select_frame(connection)

    def trace(self, digests: Iterable[str]) -> list[dict[str, Any]]:
        """Return everything about some replies: what was sent, how, what came, what it cost.

        Parameters
        ----------
        digests : iterable of str
            Digests of `ReplyKey`.

        Returns
        -------
        list of dict
            One a reply, in order of arrival; ``messages`` are those that were sent, ``raw`` is
            the body of the reply.
        """
        with self.read() as connection:
            records = list(_reply_table.iter_records(connection, list(digests)))
            for record in records:
                sent = _reply_table.select_messages(connection, record["messages"])
                record["messages"] = [sent[digest] for digest in record["messages"]]
        return records

    def export(
        self,
        folder: str | Path,
        *,
        texts: bool = True,
        reviewers: bool = False,
        overwrite: bool = False,
    ) -> Path:
        """Write all that the store holds as plain files, for a paper's appendix.

        Parameters
        ----------
        folder : str or Path
            Where; made when absent.
        texts : bool, default=True
            Whether the offers' texts go along: those of messages as they were sent, those of
            decisions as the offers have them, personal data included. Without them, replies
            still quote short spans.
        reviewers : bool, default=False
            Whether reviewers are named; else they are numbered.
        overwrite : bool, default=False
            Whether to replace a bundle that is there.

        Returns
        -------
        Path
            The folder: JSON Lines and JSON, each with a checksum in ``manifest.json``, and a
            ``README.md`` that describes them.

        Raises
        ------
        FileExistsError
            If the folder holds files, and ``overwrite`` is false or they are not a bundle.
        """
        with self.read() as connection:
            return export_bundle(
                connection, Path(folder), texts=texts, reviewers=reviewers, overwrite=overwrite
            )

    def read_batches(self) -> pd.DataFrame:
        """Return the batches that were submitted, and what became of them.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            One row a batch.
        """
        with self.read() as connection:
            return _batches.select_batches(connection)
