"""pyzmq.py: two sockets of a context of its own, a poller, an address that is wrong."""

from __future__ import annotations

import zmq


def work(i: int) -> object:
    with (
        zmq.Context() as context,
        context.socket(zmq.REP) as answers,
        context.socket(zmq.REQ) as asks,
    ):
        answers.bind(f"inproc://name{i}")
        asks.connect(f"inproc://name{i}")
        asks.send_multipart([b"a", b"text %d" % i])
        poller = zmq.Poller()
        poller.register(answers, zmq.POLLIN)
        ready = len(poller.poll(5000))
        got = answers.recv_multipart()
        answers.send_json({"i": i})
        back = asks.recv_json()
        try:
            asks.connect("nothing://x")
        except zmq.ZMQError as error:
            said = (type(error).__name__, error.errno == zmq.EPROTONOSUPPORT)
        else:
            said = ("nothing was raised", False)
        return ready, got, back, asks.getsockopt(zmq.TYPE) == zmq.REQ, said
