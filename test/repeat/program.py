"""A Python program that uses threads, children, signals and files."""
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

directory = tempfile.mkdtemp(prefix="python-", dir=".")
seen = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: seen.set())


def work(number):
    path = os.path.join(directory, str(number))
    with open(path, "w", encoding="ascii") as file:
        file.write(str(number) * 100)
    os.statvfs(path)
    kind = subprocess.run(["stat", "-f", "-c", "%t", path], capture_output=True, check=True)
    with open(path, encoding="ascii") as file:
        return len(file.read()), kind.stdout.decode().strip()


with concurrent.futures.ThreadPoolExecutor(6) as pool:
    results = list(pool.map(work, range(12)))
os.kill(os.getpid(), signal.SIGUSR1)
child = os.fork()
if child == 0:
    os._exit(3)
print("the filesystem is", *sorted({kind for _, kind in results}))
print(sum(length for length, _ in results), seen.wait(10), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
shutil.rmtree(directory)
sys.exit(7)
