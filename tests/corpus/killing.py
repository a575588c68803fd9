"""Label a corpus in processes that are killed at random moments, each going on after the last.

Its own process, which forks: a child begins at once, with the model loaded.

    python killing.py MODEL SOURCE DESTINATION N_KILLS SEED
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from jocas_themes import label_corpus, load_model

CHUNK_ROWS = 7


def main() -> None:
    model_path, source, destination, n_kills, seed = sys.argv[1:]
    model = load_model(model_path)
    moments = random.Random(int(seed))
    killed = round_ = 0
    while killed < int(n_kills):
        folder = Path(destination, f"{round_}")
        child = os.fork()
        if child == 0:
            label_corpus(model, source, folder, chunk_rows=CHUNK_ROWS, resume=True, progress=False)
            os._exit(0)
        time.sleep(moments.uniform(0, 0.4))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        elif os.WEXITSTATUS(status) == 0:
            round_ += 1  # it was done before
        else:
            sys.exit("a labelling failed")
    sys.stdout.write(f"{round_}")


if __name__ == "__main__":
    main()
