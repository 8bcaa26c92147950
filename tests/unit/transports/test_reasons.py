"""Errors of drivers, in the words that servers and drivers used."""

from __future__ import annotations

import pytest

from orch.transports.reasons import status_of, told, without_credentials


class HttpError(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class HttpResponseError(Exception):
    status_code = 403


class ClientError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__("An error occurred")
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


class EndpointConnectionError(Exception):
    pass


class DefaultCredentialsError(Exception):
    pass


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "url", "reason", "hint"),
    [
        (FileNotFoundError("The specified bucket does not exist."), "s3://bucket/x", "there is no 'bucket'", "make it"),
        (PermissionError("Forbidden"), "s3://bucket/x", "refuses the credentials", "AWS_ACCESS_KEY_ID"),
        (OSError(5, "An error occurred (XAdminUserNotFound) when calling the PutObject operation"), "s3://b/x", "refuses", "AWS_"),
        (OSError("Forbidden: b/bucket/o/x\nanonymous caller"), "gs://bucket", "refuses", "GOOGLE_APPLICATION_CREDENTIALS"),
        (HttpError("Invalid Credentials, 401", 401), "gcs://bucket", "refuses", "GOOGLE_APPLICATION_CREDENTIALS"),
        (DefaultCredentialsError("Your default credentials were not found."), "gs://bucket", "refuses", "gcloud auth"),
        (HttpResponseError("Server failed to authenticate the request.\nErrorCode:AuthorizationFailure"), "az://b", "refuses", "AZURE_"),
        (ValueError("Must provide either a connection_string or account_name with credentials!!"), "abfs://b/x", "refuses", "AZURE_"),
        (OSError(22, "The specified bucket is not valid."), "s3://b/x", "'b' is no name that it knows", "artifact_store"),
        (caused(OSError(22, "Bad Request"), ClientError(400)), "s3://b/x", "'b' is no name that it knows, or the credentials", "log in"),
        (TimeoutError("no answer"), "s3://bucket/x", "did not answer in time", "try again"),
        (EndpointConnectionError("Could not connect"), "s3://bucket/x", "does not answer", "check its address"),
        (ConnectionResetError(104, "Connection reset by peer"), "sftp://host/x", "does not answer", "check its address"),
        (RuntimeError("something else\nwith details"), "s3://bucket/x", "RuntimeError: something else", "check its address"),
    ],
)
def test_an_error_says_what_it_means_and_what_to_do(error: Exception, url: str, reason: str, hint: str) -> None:
    said, to_do = told(error, url, {})

    assert reason in said
    assert hint in to_do
    assert "\n" not in said


SECRET = "Zm9yZ290dGVuL2tleQ+/=="


@pytest.mark.parametrize(
    "text",
    [
        f"cannot sign with {SECRET}",
        "refused https://user:hunter2@host/path",
        "GET https://host/x?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2",
        "PUT http://host/upload?upload_id=hunter2 failed",
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=hunter2;BlobEndpoint=x",
        "SharedAccessSignature=sv=2024&sig=hunter2",
        "redirected with sig=hunter2 and access_token=hunter2",
    ],
)
def test_no_credential_is_in_a_reason(text: str) -> None:
    shown = without_credentials(text, {"AWS_SECRET_ACCESS_KEY": SECRET, "HOME": "/home/me"})

    assert "hunter2" not in shown
    assert SECRET not in shown


def test_the_key_within_a_connection_string_is_a_credential() -> None:
    environment = {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=a;AccountKey={SECRET};EndpointSuffix=core.windows.net"}

    assert SECRET not in without_credentials(f"bad key {SECRET}", environment)


def test_a_status_is_found_behind_the_error_that_was_made_of_it() -> None:
    assert status_of(caused(OSError(22, "The requested range is not satisfiable"), ClientError(416))) == 416
    assert status_of(HttpError("Range", 416)) == 416
    assert status_of(ValueError("no response")) == 0
