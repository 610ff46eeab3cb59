"""grpcio.py: a call that is refused, a server that is not started, credentials, metadata.

A server that is started and a call that does not block need daemon threads, which CPython does not
have in interpreters with a GIL of their own.
"""

from __future__ import annotations

from concurrent import futures

import grpc
from grpc._cython import cygrpc


class Handler(grpc.GenericRpcHandler):
    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)


def called(i: int) -> tuple[str, bool]:
    with grpc.insecure_channel("127.0.0.1:1", [("grpc.enable_retries", i % 2)]) as channel:
        try:
            channel.unary_unary("/service/method")(b"text %d" % i, timeout=20)
        except grpc.RpcError as error:
            return str(error.code()), isinstance(error, grpc.Call)
    return "nothing was raised", False


def work(i: int) -> object:
    server = grpc.server(futures.ThreadPoolExecutor(1), options=[("grpc.max_metadata_size", 999)])
    server.add_generic_rpc_handlers((Handler(),))
    bound = server.add_insecure_port("127.0.0.1:0") > 0
    try:
        server.add_insecure_port(f"nowhere.invalid:{i}:x")
    except RuntimeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    del server
    token = grpc.access_token_call_credentials(f"token {i}")
    both = grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), token)
    return (
        called(i),
        bound,
        said,
        type(both._credentials).__name__,
        int(cygrpc.StatusCode.ok),
        [str(each) for each in grpc.StatusCode][i],
        int(cygrpc.CompressionAlgorithm.gzip),
    )
