"""What the documentation says of the code, made from the code: `python -m scripts.reference [--check]`."""
