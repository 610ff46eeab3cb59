"""protobuf.py: a message type made at run time, its text, its bytes, bytes that are not one."""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message, message_factory
from google.protobuf.internal import api_implementation


def make_type() -> type:
    file = descriptor_pb2.FileDescriptorProto(name="shelf.proto", package="shelf", syntax="proto3")
    book = file.message_type.add(name="Book")
    kinds = descriptor_pb2.FieldDescriptorProto
    book.field.add(name="title", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    book.field.add(name="pages", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shelf.Book"))


Book = make_type()


def work(i: int) -> object:
    if api_implementation.Type() != "upb":
        raise ImportError(f"protobuf: 'upb' was expected, found {api_implementation.Type()!r}")
    book = Book(title=f"title {i}", pages=[n * i for n in range(9)])
    data = book.SerializeToString(deterministic=True)
    again = Book.FromString(data)
    try:
        Book.FromString(b"\xff" * (i + 1))
    except message.DecodeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    try:
        book.pages.append("text")
    except TypeError:
        said += " TypeError"
    return data, again == book, str(again), json_format.MessageToDict(book), said, list(again.pages)
