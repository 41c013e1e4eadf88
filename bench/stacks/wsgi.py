"""Plain WSGI and psycopg2: one connection and one prepared statement a worker."""
import psycopg2

from callresults import FAILURE, INSERT, REFUSAL, SUCCESS, is_good

cursor = None


def connect():
    database = psycopg2.connect("")
    database.autocommit = True
    made = database.cursor()
    made.execute("prepare store (json) as " + INSERT)
    return made


def store(body):
    global cursor
    try:
        cursor = cursor or connect()
        cursor.execute("execute store (%s)", (body.decode(),))
        return True
    except psycopg2.Error as error:
        if isinstance(error, psycopg2.OperationalError):
            cursor = None
        return False


def application(environment, start_response):
    body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
    if not is_good(body):
        status, answer = "400 Bad Request", REFUSAL
    elif store(body):
        status, answer = "200 OK", SUCCESS
    else:
        status, answer = "500 Internal Server Error", FAILURE
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
