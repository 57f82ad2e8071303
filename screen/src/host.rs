//! The thread on which every window of the program lives.
//!
//! A program can begin an event loop once, on one thread. That thread is made with the first
//! window, stays, and opens later windows with the same loop.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel},
    },
    thread,
};

use eframe::egui::{Context, ViewportBuilder};
use winit::platform::{wayland::EventLoopBuilderExtWayland, x11::EventLoopBuilderExtX11};

use crate::{
    ScreenError, Title,
    app::WindowApp,
    screensaver::{NOT_KEPT_ON, Screensaver},
    shared::Shared,
    view,
};

/// A window to be opened.
pub(crate) struct Request {
    pub(crate) title: Title,
    pub(crate) shared: Arc<Shared>,
    pub(crate) opened: SyncSender<Result<Context, ScreenError>>,
}

/// Hands a request to the thread of windows, which is made where there is none yet.
pub(crate) fn submit(request: Request) -> Result<(), ScreenError> {
    let mut host = HOST.lock().unwrap_or_else(PoisonError::into_inner);
    let requests = match host.take() {
        Some(requests) => requests,
        None => start()?,
    };
    let sent = requests.send(request);
    *host = Some(requests);
    sent.map_err(|_| not_opened("the thread of windows has ended"))
}

fn start() -> Result<Sender<Request>, ScreenError> {
    let (sender, receiver) = channel();
    let thread = thread::Builder::new().name("window".to_owned());
    let spawned = thread.spawn(move || serve(&receiver));
    spawned.map_err(|_| not_opened("no thread could be started"))?;
    Ok(sender)
}

fn serve(requests: &Receiver<Request>) {
    let screensaver = Screensaver::find();
    let keep_on = |is_on| {
        let has_heard = screensaver
            .as_ref()
            .map(|screensaver| screensaver.suspend(is_on));
        has_heard == Some(true)
    };
    for request in requests {
        let Request {
            title,
            shared,
            opened,
        } = request;
        if !keep_on(true) {
            shared.update(|state| state.notice = Some(NOT_KEPT_ON));
        }
        // The libraries of a desktop panic where something is missing; that ends the window only.
        let run = AssertUnwindSafe(|| run(title, &shared, opened.clone()));
        let outcome = panic::catch_unwind(run);
        keep_on(false);
        shared.update(|state| {
            state.is_stopped = true;
            state.is_closed = true;
        });
        let err = match outcome {
            Ok(Ok(())) => not_opened("it was closed at once"),
            Ok(Err(err)) => not_opened(reason(&err)),
            Err(_) => not_opened("the libraries of the desktop failed"),
        };
        // Nobody listens any more where the window had opened.
        let _ = opened.try_send(Err(err));
    }
}

/// Opens the window and returns when it is closed.
fn run(
    title: Title,
    shared: &Arc<Shared>,
    opened: SyncSender<Result<Context, ScreenError>>,
) -> eframe::Result {
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title(title.window())
            .with_app_id(title.application_id())
            .with_inner_size([1_100.0, 760.0])
            .with_min_inner_size([320.0, 360.0])
            .with_maximized(true),
        event_loop_builder: Some(Box::new(|builder| {
            EventLoopBuilderExtX11::with_any_thread(builder, true);
            EventLoopBuilderExtWayland::with_any_thread(builder, true);
        })),
        ..eframe::NativeOptions::default()
    };
    let shared = Arc::clone(shared);
    eframe::run_native(
        title.application_id(),
        options,
        Box::new(move |creation| {
            view::set_style(&creation.egui_ctx);
            Ok(Box::new(WindowApp::new(title, shared, opened)))
        }),
    )
}

/// In words: the libraries' own name their source files.
fn reason(err: &eframe::Error) -> &'static str {
    match err {
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => "the desktop did not answer",
        eframe::Error::Glutin(_)
        | eframe::Error::NoGlutinConfigs(..)
        | eframe::Error::OpenGL(_) => "this machine's graphics have no OpenGL",
        _ => "the desktop refused",
    }
}

fn not_opened(reason: &'static str) -> ScreenError {
    ScreenError::NotOpened {
        reason: reason.into(),
    }
}

static HOST: Mutex<Option<Sender<Request>>> = Mutex::new(None);
