"""Sends pieces of files, as many at once as the connection has lately been good for."""
from .links import Away, Refused
from .say import say

# What is sent at once: held in memory until it is answered.
BATCH_BYTES = 4 << 20
# A connection that breaks again and again still brings so much.
SMALLEST_BATCH = 16 << 10
# So many answers in a row say that more would come through.
GOOD_TRIES = 8


class Sender:
    def __init__(self, link, patiently):
        self._link = link
        self._patiently = patiently
        self._limit = BATCH_BYTES
        self._good = 0

    def send(self, batch):
        waiting = batch
        while waiting:
            try:
                part, waiting, answers = self._patiently(lambda: self._take(waiting))
            except Refused as refused:
                if len(waiting) > 1:
                    for piece in waiting:
                        self.send([piece])
                    return
                # One odd file is no reason to lose all others.
                say("%s does not go home: %s" % (waiting[0].file.path, refused))
                waiting[0].file.refused = True
                return
            for piece, answer in zip(part, answers):
                piece.file.answered(piece, answer)
            # What comes behind a piece that was not taken as it was is read anew.
            waiting = [piece for piece in waiting if piece.anew or piece.file.sent == piece.start]

    def _take(self, waiting):
        """One try, of as much as the connection has lately been good for."""
        part, rest = _fitting(waiting, self._limit)
        body = b"".join(text for piece in part for text in (piece.head(), piece.data))
        try:
            answers = self._link.take(body)
        except Away:
            self._limit = max(SMALLEST_BATCH, self._limit // 4)
            self._good = 0
            raise
        self._good += 1
        if self._good % GOOD_TRIES == 0:
            self._limit = min(BATCH_BYTES, self._limit * 2)
        return part, rest, answers


def _fitting(pieces, limit):
    """The first of them, up to so many bytes, and the rest; one that is cut goes on in the rest."""
    part, left = [], limit
    for index, piece in enumerate(pieces):
        if len(piece.data) > left:
            if left > 0:
                first, second = piece.cut(left)
                return part + [first], [second] + pieces[index + 1 :]
            return part, pieces[index:]
        part.append(piece)
        left -= len(piece.data)
    return part, []
