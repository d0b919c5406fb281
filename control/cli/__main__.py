"""`python -m control.cli` is `covey`."""

from control.cli import program

if __name__ == "__main__":
    program()
