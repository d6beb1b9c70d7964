# Activates the environment, with what its packages want to be set, and becomes the command.
export CONDA_PREFIX=/opt/conda/envs/science CONDA_DEFAULT_ENV=science
export PATH="$CONDA_PREFIX/bin:$PATH"
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
    . "$script"
done
exec "$@"
