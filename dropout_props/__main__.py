"""`python -m dropout_props`: the command line."""

from dropout_props.cli import main

if __name__ == "__main__":
    main()
