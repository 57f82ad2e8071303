//! A window that shows codes to a camera.
