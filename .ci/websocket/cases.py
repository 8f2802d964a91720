"""Runs the cases of the Autobahn test suite against a WebSocket server.

    cases.py FOLDER SERVER [CASE…]

FOLDER has the suite's case classes, SERVER is a program that echoes and prints its address.
A CASE is a number or the beginning of one: 6.4, 9.1.1.

The suite is written in Python 2, on top of a client library that needs it. Here its cases run
unchanged but for what Python 3 writes differently, on the client in client.py. A byte string of
Python 2 is a `str` whose characters are the bytes (latin-1).

Not run: cases 12 and 13, about compression, which the server does not offer, and 9.9, which
measures.
"""
import collections
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time
import types

import client

NOT_RUN = re.compile(r"case(12|13|9_9)_")
# How many there are in this version, so that none is lost unnoticed.
EXPECTED = {"OK": 298, "INFORMATIONAL": 3}
AT_ONCE = 24


class Utf8Validator:
    """Stands for the suite's validator, with which it makes a few of its cases."""

    def reset(self):
        pass

    def validate(self, text):
        try:
            text.encode("latin-1").decode("utf-8")
            return (True, True, len(text), len(text))
        except UnicodeDecodeError as error:
            return (error.reason == "unexpected end of data", False, error.start, error.start)


def hexadecimal(text):
    return text.encode("latin-1").hex()


def stand_in(name, **names):
    module = types.ModuleType(name)
    module.__dict__.update(names)
    sys.modules[name] = module


stand_in("autobahn")
stand_in("autobahn.websocket")
stand_in("autobahn.websocket.protocol", WebSocketProtocol=client.Client)
stand_in("autobahn.websocket.utf8validator", Utf8Validator=Utf8Validator)


def in_python_3(text):
    """Translates what the cases use of Python 2."""
    text = re.sub(r"^import binascii$", "", text, flags=re.M)
    text = re.sub(r"^(\s*)print( .*)?$", r"\1pass", text, flags=re.M)
    text = text.replace("(object, Case, )", "(Case,)")
    # Whole numbers are divided to whole numbers.
    return text.replace("len(self.payload) / ", "len(self.payload) // ")


def load(folder, name):
    """Loads a file of the suite, after the files that it imports."""
    if name in sys.modules:
        return sys.modules[name]
    text = in_python_3((folder / f"{name}.py").read_text("latin-1"))
    for imported in re.findall(r"^from (case\w*) import", text, flags=re.M):
        load(folder, imported)
    stand_in(name, xrange=range, binascii=types.SimpleNamespace(b2a_hex=hexadecimal))
    exec(compile(text, name, "exec"), sys.modules[name].__dict__)
    if name == "case":
        # In the suite by way of pickle, which tells a text from a byte string.
        sys.modules[name].Case.compare = lambda _, one, other: one == other
    return sys.modules[name]


def all_cases(folder):
    """Returns the case classes by number, such as 6.4.1."""
    found = {}
    for path in folder.glob("case[0-9]*.py"):
        if NOT_RUN.match(path.name):
            continue
        for value in vars(load(folder, path.stem)).values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, type) and re.fullmatch(r"Case\d+(_\d+)+", one.__name__):
                    found[one.__name__[4:].replace("_", ".")] = one
    return found


def order(number):
    return [int(part) for part in number.split(".")]


def run_all(cases, address):
    """Runs the cases, a few at once since many of them only wait, and returns their outcomes."""
    waiting, outcomes = queue.Queue(), {}
    for number in sorted(cases, key=order):
        waiting.put(number)

    def work():
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            begun = time.monotonic()
            try:
                one = client.Client(address)
                case = cases[number](one)
                one.run(case)
                outcome = [case.behavior, case.behaviorClose, case.result, case.resultClose]
                if one.problem:
                    outcome[:1] = ["FAILED"]
                    outcome.append(one.problem)
            except Exception as error:  # Whatever it is, the case has failed.
                outcome = ["FAILED", "FAILED", repr(error)]
            outcomes[number] = outcome + [f"{time.monotonic() - begun:.1f} s"]

    workers = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return outcomes


def main():
    folder, program, *wanted = sys.argv[1:]
    cases = all_cases(pathlib.Path(folder))
    if wanted:
        chosen = lambda number: any(f"{number}.".startswith(f"{one}.") for one in wanted)
        cases = {number: case for number, case in cases.items() if chosen(number)}
    server = subprocess.Popen([program, "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        # The large messages of 9 last: they would make a server late that must answer within 1 s.
        heavy = {number: case for number, case in cases.items() if number.startswith("9.")}
        light = {number: case for number, case in cases.items() if number not in heavy}
        outcomes = run_all(light, address) | run_all(heavy, address)
    finally:
        server.terminate()
        server.wait()
    fine = lambda outcome: all(word in EXPECTED for word in outcome[:2])
    for number in sorted(outcomes, key=order):
        if not fine(outcomes[number]):
            print(f"{number}:", *outcomes[number], sep="\n    ")
    counts = collections.Counter(outcome[0] for outcome in outcomes.values())
    print(f"{len(outcomes)} cases:", ", ".join(f"{count} {word}" for word, count in counts.items()))
    complete = bool(wanted) or counts == EXPECTED
    if not complete:
        print("expected:", ", ".join(f"{count} {word}" for word, count in EXPECTED.items()))
    return 0 if complete and all(map(fine, outcomes.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
