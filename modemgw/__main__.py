"""`python -m modemgw` is the command `modemgw`."""

from modemgw.cli.main import run

if __name__ == "__main__":
    run()
