#!/bin/sh
# Starts gateway.py with the user image's own Python: the first of python3 and python on PATH that is 3.9 or newer.
# -s: packages in the user's home can't break the gateway. The kernels are started without it and see them.
for python in python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
        exec "$python" -s "${0%/*}/gateway.py"
    fi
done
why="no Python 3.9 or newer on PATH in this image (PATH=$PATH): install one with ipykernel, use the bundle, which needs"
why="$why none (gateway.source: bundle), or spawn this image plain (annotation kernelpair/split: \"false\")"
echo "kernelpair: $why" >&2
umask 022 # the notebook server, which shows it (kernelpair_state), may be another user
{ echo "$why" >"${KERNELPAIR_RUN:-/dev/null}/failure"; } 2>/dev/null
exit 1
