//! Implements the method traits from the method tables.

/// Implements [`Request`](crate::Request) for the params of each method, and defines the table.
macro_rules! requests {
    ($(#[$doc:meta])* $table:ident: $($method:literal: $($params:ident)+ => $response:ident, $stage:ident;)*) => {
        $($crate::wire::requests!(@one $method, [$($params)+], $response, $stage);)*

        $(#[$doc])*
        pub const $table: &[$crate::MethodInfo] = &[
            $($crate::wire::requests!(@info $method, [$($params)+], $response, $stage)),*
        ];
    };
    (@one $method:literal, [unit $params:ident], $response:ident, $stage:ident) => {
        impl $crate::Request for super::request::$params {
            const METHOD: &'static str = $method;
            const EXPERIMENTAL: bool = $crate::wire::requests!(@stage $stage);
            const HAS_PARAMS: bool = false;
            type Response = $response;
        }

        impl ::serde::Serialize for super::request::$params {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_unit()
            }
        }
    };
    (@one $method:literal, [$params:ident], $response:ident, $stage:ident) => {
        impl $crate::Request for $params {
            const METHOD: &'static str = $method;
            const EXPERIMENTAL: bool = $crate::wire::requests!(@stage $stage);
            type Response = $response;
        }
    };
    (@info $method:literal, [unit $params:ident], $response:ident, $stage:ident) => {
        $crate::MethodInfo {
            method: $method,
            params: stringify!($params),
            response: stringify!($response),
            experimental: $crate::wire::requests!(@stage $stage),
            has_params: false,
        }
    };
    (@info $method:literal, [$params:ident], $response:ident, $stage:ident) => {
        $crate::MethodInfo {
            method: $method,
            params: stringify!($params),
            response: stringify!($response),
            experimental: $crate::wire::requests!(@stage $stage),
            has_params: true,
        }
    };
    (@stage experimental) => { true };
    (@stage stable) => { false };
}

/// Implements [`ServerCall`](crate::ServerCall) for the params of each method, and defines the
/// table.
macro_rules! server_calls {
    ($(#[$doc:meta])* $table:ident: $($method:literal: $params:ident => $response:ident, $stage:ident;)*) => {
        $(impl $crate::ServerCall for $params {
            const METHOD: &'static str = $method;
            const EXPERIMENTAL: bool = $crate::wire::requests!(@stage $stage);
            type Response = $response;
        })*

        $(#[$doc])*
        pub const $table: &[$crate::MethodInfo] = &[
            $($crate::wire::requests!(@info $method, [$params], $response, $stage)),*
        ];
    };
}

pub(crate) use {requests, server_calls};
