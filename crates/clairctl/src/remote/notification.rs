//! `clairctl notification`: which images became vulnerable, or are no longer, as a server tells
//! its receivers.

use std::process::ExitCode;

use clair_client::{Client, DeliveryState, Notification, NotificationSet};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Format, FormatArguments, ServerArguments, wait, write_json, write_table};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the sets of notifications, newest first: one for each update that made images
    /// vulnerable or safe.
    List(List),
    /// Print the notifications of a set.
    Get(Get),
    /// Acknowledge sets: they are delivered no more, and forgotten.
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only sets whose delivery is so: created, delivered, failed or deleted.
    #[arg(long)]
    state: Option<DeliveryState>,
    #[command(flatten)]
    format: FormatArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The set.
    id: Uuid,
    #[command(flatten)]
    format: FormatArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The sets.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Uuid>,
}

pub(crate) fn run(command: &Command, server: &ServerArguments) -> anyhow::Result<ExitCode> {
    wait(async {
        let client = server.connect().await?;
        match command {
            Command::List(arguments) => list(&client, arguments).await?,
            Command::Get(arguments) => get(&client, arguments).await?,
            Command::Delete(arguments) => {
                for id in &arguments.ids {
                    client.delete_notification(&id.to_string()).await?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn list(client: &Client, arguments: &List) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = client
            .notification_sets(arguments.state, next.as_deref())
            .await?;
        match arguments.format.out {
            Format::Json => write_json(&page.json)?,
            Format::Text => rows.extend(page.content.notification_sets.iter().map(row_of_set)),
        }
        next = page.content.page.next().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    if arguments.format.out == Format::Text {
        let headings = [
            "ID",
            "UPDATER",
            "NOTIFICATIONS",
            "STATE",
            "ATTEMPTS",
            "CREATED",
            "ERROR",
        ];
        write_table(&headings, rows)?;
    }
    Ok(())
}

fn row_of_set(set: &NotificationSet) -> Vec<String> {
    vec![
        set.id.clone(),
        set.updater.clone(),
        set.notifications.to_string(),
        set.state.clone(),
        set.attempts.to_string(),
        set.created.clone().unwrap_or_default(),
        set.last_error.clone(),
    ]
}

async fn get(client: &Client, arguments: &Get) -> anyhow::Result<()> {
    let id = arguments.id.to_string();
    let mut rows = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = client.notifications(&id, next.as_deref()).await?;
        match arguments.format.out {
            Format::Json => write_json(&page.json)?,
            Format::Text => rows.extend(page.content.notifications.iter().map(row)),
        }
        next = page.content.page.next().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    if arguments.format.out == Format::Text {
        let headings = [
            "MANIFEST",
            "REASON",
            "VULNERABILITY",
            "SEVERITY",
            "PACKAGE",
            "FIX",
        ];
        write_table(&headings, rows)?;
    }
    Ok(())
}

fn row(notification: &Notification) -> Vec<String> {
    let vulnerability = &notification.vulnerability;
    let package = vulnerability.package.as_ref();
    vec![
        notification.manifest.to_string(),
        notification.reason.clone(),
        vulnerability.name.clone(),
        vulnerability.severity.clone(),
        package.map_or_else(String::new, |package| {
            format!("{} {}", package.name, package.version)
        }),
        vulnerability.fixed_in_version.clone(),
    ]
}
