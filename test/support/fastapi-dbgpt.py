"""A server that checks keys as DB-GPT does: a guard on some routes, which lets all below /api/v1 through."""
import sys

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPBearer

KEYS = [key.strip() for key in sys.argv[2].split(",") if key.strip()]
app = FastAPI()
bearer = HTTPBearer(auto_error=False)


def guard(request: Request, credentials=Depends(bearer)):
    if request.url.path.startswith("/api/v1") or not KEYS:
        return
    if credentials is None or credentials.credentials not in KEYS:
        error = {"message": "", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
        raise HTTPException(status_code=401, detail={"error": error})


@app.exception_handler(HTTPException)
def envelope(_request, error):
    body = {"success": False, "err_code": str(error.status_code), "err_msg": str(error.detail), "data": None}
    return JSONResponse(status_code=error.status_code, content=body)


@app.get("/api/v1/model/types")
@app.get("/api/v2/serve/awel/flows", dependencies=[Depends(guard)])
def listed():
    return {"success": True, "err_code": None, "err_msg": None, "data": []}


@app.get("/construct/app/")
@app.get("/")
def page():
    return HTMLResponse("<!DOCTYPE html><title>DB-GPT</title>")


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
