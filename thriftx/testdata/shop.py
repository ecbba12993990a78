"""A client and a server of the service Zoo with Thrift's library for Python.

shop.py client|server PORT binary|compact|json|header buffered|framed
"""

import logging
import socket
import sys

from thrift.protocol import TBinaryProtocol, TCompactProtocol, THeaderProtocol, TJSONProtocol
from thrift.Thrift import TApplicationException
from thrift.transport import TSocket, TTransport

from zoothrift import Zoo
from zoothrift.ttypes import Message, SoldOut

logging.disable()  # a handler that fails is part of the test
role, port, protocol, transport = sys.argv[1:]
protocols = {
    "binary": TBinaryProtocol.TBinaryProtocol,
    "compact": TCompactProtocol.TCompactProtocol,
    "json": TJSONProtocol.TJSONProtocol,
    "header": lambda over: THeaderProtocol.THeaderProtocol(over, allowed_client_types=[0]),
}
transports = {
    "buffered": TTransport.TBufferedTransport,
    "framed": TTransport.TFramedTransport,
}


def fails(kind, text, call):
    try:
        call()
    except TApplicationException as e:
        assert (e.type, e.message) == (kind, text), (e.type, e.message)
    else:
        raise AssertionError("no error, want " + text)


def client():
    over = transports[transport](TSocket.TSocket("127.0.0.1", int(port)))
    c = Zoo.Client(protocols[protocol](over))
    over.open()
    assert c.sum(3, 4) == 7
    assert c.sum(-1, 1) == 0
    assert c.order("pen", 1).text == "a pen"
    try:
        c.order("ink", 1)
    except SoldOut as e:
        assert e.item == "ink"
    else:
        raise AssertionError("no SoldOut")
    internal = TApplicationException.INTERNAL_ERROR
    fails(internal, "NOT_FOUND shop/NO_ITEM: no such item", lambda: c.order("cap", 1))
    fails(internal, "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request", lambda: c.order("pen", 0))
    fails(TApplicationException.UNKNOWN_METHOD, "UNIMPLEMENTED endpoint/NO_ROUTE: no such method", c.empty)
    c.note(Message(text="a note"))
    assert c.sum(1, 2) == 3
    over.close()


class Shop:
    def sum(self, a, b):
        if a == 0 and b == 0:
            raise TApplicationException(TApplicationException.INTERNAL_ERROR, "two zeroes")
        return a + b

    def order(self, item, count):
        if item == "ink":
            raise SoldOut(item=item, left=count)
        return Message(text="a " + item)

    def note(self, message):
        assert message.text == "a note"


def server():
    listener = socket.create_server(("127.0.0.1", int(port)))
    print(listener.getsockname()[1], end="", flush=True)
    processor = Zoo.Processor(Shop())
    while True:
        conn, _ = listener.accept()
        plain = TSocket.TSocket()
        plain.setHandle(conn)
        over = protocols[protocol](transports[transport](plain))
        try:
            while True:
                processor.process(over, over)
        except TTransport.TTransportException:
            plain.close()


{"client": client, "server": server}[role]()
