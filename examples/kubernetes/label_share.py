"""Label one pod's share of the offers, from S3 to S3: every n-th file, into a folder of its own.

Where it is interrupted, the pod that Kubernetes starts in its place goes on behind the last
finished part.
"""

import os
import tempfile

import fsspec

from jocas_themes import label_corpus, load_model


def list_share(source: str, place: int, n_pods: int) -> list[str]:
    """List every n-th file of a glob, beginning with the pod's own place."""
    storage, pattern = fsspec.url_to_fs(source)
    files = sorted(storage.glob(pattern))
    return [storage.unstrip_protocol(name) for name in files[place::n_pods]]


def main() -> None:
    """Read from the environment what job.yaml says."""
    place = int(os.environ["JOB_COMPLETION_INDEX"])  # Kubernetes gives each pod its own
    files = list_share(os.environ["OFFERS"], place, int(os.environ["N_PODS"]))
    if not files:
        print(f"pod {place}: no files left to label")
        return
    storage, path = fsspec.url_to_fs(os.environ["MODEL"])
    with tempfile.TemporaryDirectory() as folder:
        storage.get(f"{path.rstrip('/')}/", f"{folder}/", recursive=True)
        model = load_model(folder)
    labels = f"{os.environ['LABELS'].rstrip('/')}/pod-{place:03d}"
    done = label_corpus(model, files, labels, resume=True, progress=False)
    print(f"pod {place}: {done.n_offers} offers in {done.n_parts} parts")


if __name__ == "__main__":
    main()
