"""How long to wait before the service is asked again."""
import random


def pause(tries, asked=None):
    """Seconds before try number `tries` (from 1): doubling to 5, spread out; what the service asked for wins."""
    if asked is not None:
        return max(0.05, min(asked, 30.0))
    return min(5.0, 0.1 * 2 ** min(tries - 1, 10)) * (0.75 + random.random() / 2)
