"""Our own link between two processes or machines: frames in a WebSocket, which is taken up again when it breaks.

A party's thread reads and writes the socket itself. One more thread for each link, its keeper, makes connections and
sends signs of life.
"""
