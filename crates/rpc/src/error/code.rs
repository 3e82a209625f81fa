//! The closed set of error codes.

use http::StatusCode;
use tonic::Code;

use crate::proto::model::v1;

/// Declares [`ErrorCode`] from lines `Variant = gRPC code, HTTP status, whether to try again;`.
/// The variants are those of `clair.model.v1.ErrorCode`.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $grpc:ident, $http:literal, $retry:literal;)+) => {
        /// Why something failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)+
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The gRPC code.
            pub const fn grpc(self) -> Code {
                match self { $(Self::$variant => Code::$grpc,)+ }
            }

            /// The HTTP status, where an endpoint has no rule of its own.
            pub fn http(self) -> StatusCode {
                let status = match self { $(Self::$variant => $http,)+ };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// Whether the same request may succeed if it is only tried again later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retry,)+ }
            }
        }

        impl From<ErrorCode> for v1::ErrorCode {
            fn from(code: ErrorCode) -> Self {
                match code { $(ErrorCode::$variant => Self::$variant,)+ }
            }
        }

        impl From<v1::ErrorCode> for ErrorCode {
            fn from(code: v1::ErrorCode) -> Self {
                match code {
                    $(v1::ErrorCode::$variant => Self::$variant,)+
                    v1::ErrorCode::Unspecified => Self::Internal,
                }
            }
        }
    };
}

codes! {
    /// The request is wrong, and will be however often it is repeated.
    InvalidArgument = InvalidArgument, 400, false;
    /// A layer is not what it should be: of another digest, damaged, or no archive.
    BadLayer = InvalidArgument, 400, false;
    /// A layer could not be fetched from the address given for it.
    LayerUnavailable = FailedPrecondition, 502, true;
    /// What the request names does not exist.
    NotFound = NotFound, 404, false;
    /// What the request makes exists already, with other content.
    AlreadyExists = AlreadyExists, 409, false;
    /// The caller did not say credibly who it is.
    Unauthenticated = Unauthenticated, 401, false;
    /// The caller may not do that.
    PermissionDenied = PermissionDenied, 403, false;
    /// A limit is reached; later it may work.
    ResourceExhausted = ResourceExhausted, 429, true;
    /// The state of the system forbids it until somebody changes it.
    FailedPrecondition = FailedPrecondition, 409, false;
    /// No security data has been loaded yet.
    NotReady = FailedPrecondition, 503, true;
    /// Another request changed the same thing at the same time; begin anew.
    Aborted = Aborted, 409, true;
    /// The caller went away. The status is nginx's "client closed request".
    Cancelled = Cancelled, 499, false;
    /// It took longer than the caller allows.
    DeadlineExceeded = DeadlineExceeded, 504, true;
    /// Something that is needed does not answer; soon it may.
    Unavailable = Unavailable, 503, true;
    /// This program does not offer it.
    Unimplemented = Unimplemented, 501, false;
    /// A fault of the program.
    Internal = Internal, 500, false;
}

const PREFIX: &str = "ERROR_CODE_";

impl ErrorCode {
    /// The name on the wire: `BAD_LAYER`.
    pub fn reason(self) -> &'static str {
        let name = v1::ErrorCode::from(self).as_str_name();
        name.strip_prefix(PREFIX).unwrap_or(name)
    }

    /// The code with this [`reason`](Self::reason).
    pub fn from_reason(reason: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|code| code.reason() == reason);
        known.copied()
    }

    /// The code that says no more than a gRPC code, for statuses that are not of our making.
    pub const fn from_grpc(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => Self::InvalidArgument,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::PermissionDenied => Self::PermissionDenied,
            Code::ResourceExhausted => Self::ResourceExhausted,
            Code::FailedPrecondition => Self::FailedPrecondition,
            Code::Aborted => Self::Aborted,
            Code::Cancelled => Self::Cancelled,
            Code::DeadlineExceeded => Self::DeadlineExceeded,
            Code::Unavailable => Self::Unavailable,
            Code::Unimplemented => Self::Unimplemented,
            Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_by_its_name_on_the_wire() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_reason(code.reason()), Some(code));
            assert_eq!(ErrorCode::from(v1::ErrorCode::from(code)), code);
        }
        assert_eq!(ErrorCode::NotFound.reason(), "NOT_FOUND");
        assert_eq!(ErrorCode::from_reason("ERROR_CODE_NOT_FOUND"), None);
    }

    #[test]
    fn a_bare_grpc_code_is_understood_as_the_code_that_is_written_so() {
        for &code in ErrorCode::ALL {
            let bare = ErrorCode::from_grpc(code.grpc());
            assert_eq!(bare.grpc(), code.grpc(), "{code:?}");
        }
    }

    #[test]
    fn every_code_has_an_http_status_of_an_error() {
        for code in ErrorCode::ALL {
            let status = code.http();
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code:?}"
            );
        }
        assert_eq!(ErrorCode::Cancelled.http().as_u16(), 499);
    }
}
