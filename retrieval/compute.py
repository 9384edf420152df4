"""One lock around everything that fills all cores of this process.

An encoder and a language model that run at once on a small machine slow each other down by an order of
magnitude (spinning barriers), so each takes this lock around its native call.
"""

import os
import threading

# Native threads must sleep while they wait: next to any other busy process, spinning ones are several times slower.
# Their libraries read this once, when they are loaded, so it stands here, which every user of them imports first.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

CORES = threading.Lock()
