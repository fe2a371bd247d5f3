FROM python:3.11-slim-bookworm

RUN useradd --create-home --shell /bin/bash sekoiaio-runtime

WORKDIR /app

# Dependencies before code, so that a change of the code does not install them again
COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes \
    -r requirements.txt

COPY manifest.json main.py ./
COPY sekoia_cti ./sekoia_cti
RUN python -m compileall -q sekoia_cti main.py

USER sekoiaio-runtime

ENTRYPOINT ["python", "./main.py"]
