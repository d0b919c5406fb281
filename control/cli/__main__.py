"""`python -m control.cli` is `covey`."""

from control.cli import main

if __name__ == "__main__":
    main()
