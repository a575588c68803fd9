"""Run the command line with ``python -m jocas_themes``."""

import sys

from jocas_themes.cli import main

sys.exit(main())
