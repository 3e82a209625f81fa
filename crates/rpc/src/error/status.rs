//! Errors as gRPC statuses, with the details of `google.rpc`.
//!
//! `ErrorInfo` has the code as its reason, and the facts; `BadRequest` the fields; `RetryInfo` the
//! delay. They are those of <https://google.aip.dev/193>.

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use super::{Error, ErrorCode};
use crate::conversion::InvalidField;

/// The domain of our reasons.
const DOMAIN: &str = "clair";

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let metadata: std::collections::HashMap<_, _> = error.metadata.into_iter().collect();
        let mut details = ErrorDetails::with_error_info(error.code.reason(), DOMAIN, metadata);
        if !error.fields.is_empty() {
            let violations = error.fields.into_iter();
            details.set_bad_request(
                violations
                    .map(|field| FieldViolation::new(field.field, field.reason))
                    .collect::<Vec<_>>(),
            );
        }
        if error.retry_after.is_some() {
            details.set_retry_info(error.retry_after);
        }
        Self::with_error_details(error.code.grpc(), error.message, details)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::from(&status)
    }
}

impl From<&Status> for Error {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        let code = info
            .and_then(|info| ErrorCode::from_reason(&info.reason))
            .unwrap_or_else(|| ErrorCode::from_grpc(status.code()));
        let violations = details.bad_request().map(|bad| &bad.field_violations);
        let fields = violations.into_iter().flatten();
        Self {
            code,
            message: status.message().to_owned(),
            fields: fields
                .map(|violation| InvalidField {
                    field: violation.field.clone(),
                    reason: violation.description.clone(),
                })
                .collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            metadata: info
                .map(|info| info.metadata.clone().into_iter().collect())
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::Code;

    use super::*;

    #[test]
    fn an_error_is_the_same_on_the_other_side() {
        let errors = [
            Error::new(ErrorCode::BadLayer, "layer sha256:00… is no archive")
                .with("layer_digest", "sha256:00"),
            Error::from(InvalidField::new("manifest.layers", "is empty")),
            Error::new(ErrorCode::ResourceExhausted, "busy").after(Duration::from_millis(1500)),
            Error::new(ErrorCode::NotReady, ""),
        ];
        for error in errors {
            // What is on the wire are headers.
            let mut headers = http::HeaderMap::new();
            Status::from(error.clone())
                .add_header(&mut headers)
                .unwrap();
            let status = Status::from_header_map(&headers).unwrap();
            assert_eq!(status.code(), error.code().grpc());
            assert_eq!(Error::from(status), error);
        }
    }

    #[test]
    fn a_status_of_another_program_keeps_what_it_says() {
        let error = Error::from(Status::new(Code::OutOfRange, "too far"));
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert_eq!(error.message(), "too far");
        let details = ErrorDetails::with_error_info(
            "NOT_READY",
            "other.org",
            Vec::<(String, String)>::new()
                .into_iter()
                .collect::<std::collections::HashMap<_, _>>(),
        );
        let foreign = Status::with_error_details(Code::NotFound, "", details);
        assert_eq!(Error::from(foreign).code(), ErrorCode::NotFound);
    }

    #[test]
    fn details_that_cannot_be_read_do_no_harm() {
        let status = Status::with_details(Code::Aborted, "x", vec![0xff; 9].into());
        assert_eq!(Error::from(status).code(), ErrorCode::Aborted);
    }
}
