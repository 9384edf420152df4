"""The command line, as `python -m research_agent`."""

import sys

from research_agent.cli import main

sys.exit(main())
