"""What DB-GPT's web server does about keys, and nothing else of it: its check, its envelope, and what it leaves open, a page.

Reads a configuration as DB-GPT does (a TOML file, `${env:NAME}` in its values), and prints where it listens.
"""

import os
import re
import socket
import sys
import tomllib

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPBearer


def resolve(text):
    return re.sub(r"\$\{env:([^}]+)\}", lambda match: os.environ[match[1]], text)


with open(sys.argv[1], "rb") as file:
    config = tomllib.load(file)
keys = ",".join(resolve(key) for key in config.get("system", {}).get("api_keys", []))
host = config.get("service", {}).get("web", {}).get("host", "0.0.0.0")
app = FastAPI()


def check_api_key(request: Request, auth=Depends(HTTPBearer(auto_error=False))):
    if request.url.path.startswith("/api/v1") or not keys:
        return
    if auth is None or auth.credentials not in [key.strip() for key in keys.split(",")]:
        error = {"message": "", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
        raise HTTPException(status_code=401, detail={"error": error})


@app.exception_handler(HTTPException)
def fail(_request: Request, error: HTTPException):
    content = {"success": False, "err_code": str(error.status_code), "err_msg": str(error.detail), "data": None}
    return JSONResponse(status_code=error.status_code, content=content)


@app.get("/api/v2/serve/awel/flows", dependencies=[Depends(check_api_key)])
def flows():
    return {"success": True, "err_code": None, "err_msg": None, "data": {"items": [], "total_count": 0}}


@app.get("/api/v1/chat/db/list")
@app.get("/api/v1/model/types")
def listed():
    return {"success": True, "err_code": None, "err_msg": None, "data": []}


@app.get("/")
@app.get("/construct/app/")
def page():
    return HTMLResponse("<!DOCTYPE html><title>DB-GPT</title>")


@app.post("/api/v2/chat/completions", dependencies=[Depends(check_api_key)])
async def chat(request: Request):
    said = (await request.json())["messages"][-1]["content"]
    message = {"role": "assistant", "content": f"You said: {said}"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "stand-in", "choices": choices}


listener = socket.create_server((host, 0))
print(f"Listening on {host}:{listener.getsockname()[1]}", flush=True)
uvicorn.run(app, fd=listener.fileno(), log_level="warning")
