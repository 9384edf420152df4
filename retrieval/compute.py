"""One lock around everything that fills all cores of this process.

An encoder and a language model that run at once on a small machine slow each other down by an order of
magnitude (spinning barriers), so each takes this lock around its native call.
"""

import threading

CORES = threading.Lock()
