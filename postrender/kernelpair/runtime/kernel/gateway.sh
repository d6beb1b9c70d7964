#!/bin/sh
# Starts gateway.py with the user image's own Python: the first of python3 and python on PATH that is 3.9 or newer.
# -s: packages in the user's home can't break the gateway. The kernels are started without it and see them.
for python in python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
        exec "$python" -s "${0%/*}/gateway.py"
    fi
done
echo "kernelpair: no Python 3.9 or newer on PATH in this image (PATH=$PATH): install one with ipykernel, or spawn this image plain (annotation kernelpair/split: \"false\")" >&2
exit 1
